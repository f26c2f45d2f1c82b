//! tagtide: what is trending now, from a stream of posts to a live board.

fn main() -> std::process::ExitCode {
    server::run()
}
