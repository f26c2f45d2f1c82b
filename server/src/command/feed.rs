pub(super) async fn run(_: crate::cli::Feed) -> anyhow::Result<()> {
    Ok(())
}
