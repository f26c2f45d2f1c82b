//! What two processes say before they count together: bytes in, bytes out.
//!
//! ```text
//! dialer                                acceptor
//!   hello: who, which cluster, nonce ─▶
//!                                    ◀─ hello: the same, and its generation
//!   proof over both hellos ───────────▶
//!                                    ◀─ verdict, and a proof over it and both hellos
//! ```
//!
//! **Invariants:** a proof holds for these two hellos only, in which each side has a nonce of its own, and
//! for one side only: nothing that was said once can be said again. The dialer proves himself first, so
//! whoever connects learns nothing that a secret can be guessed by; only what both were started with is told
//! to who was started otherwise.

use super::secret::Secret;

pub(super) const HELLO: usize = 88 + SETTINGS;
pub(super) const PROOF: usize = 32;
pub(super) const VERDICT: usize = 1 + PROOF;

/// What a hello begins with.
pub(super) const MAGIC: [u8; 8] = *b"\x01tagtide";
/// Of all that is said here, and of what the dataflow sends afterwards.
const VERSION: u16 = 3;

const DIALER: &[u8] = b"tagtide dialer";
const ACCEPTOR: &[u8] = b"tagtide acceptor";

pub(super) type Nonce = [u8; 32];

/// Room for the settings that must be the same everywhere, as words; zeros behind them.
pub(super) const SETTINGS: usize = 96;

/// One process of one cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Member {
    /// A digest of the hosts.
    pub(super) cluster: [u8; 32],
    /// Such as `--batch 2s`, one behind the other.
    pub(super) settings: [u8; SETTINGS],
    pub(super) processes: u16,
    pub(super) workers: u16,
    pub(super) index: u16,
}

/// What the acceptor makes of a dialer who has proved himself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Welcome,
    /// Ask again soon: the acceptor is not so far yet.
    NotYet,
    /// The dialer's generation is over.
    Older,
    /// A process with the dialer's number is here.
    Taken,
}

/// Why the other one cannot take part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("it is no tagtide")]
    NotOurs,
    #[error("it speaks version {0} of the protocol, this one speaks {VERSION}")]
    Version(u16),
    #[error("it has other hosts in --cluster, or in another order")]
    Hosts,
    #[error("it has {theirs}, this one has {mine}: they must be the same")]
    Setting { theirs: String, mine: String },
    #[error(
        "it is of {} processes with --workers {}, this one of {} with --workers {}",
        theirs.0, theirs.1, mine.0, mine.1
    )]
    Shape {
        theirs: (u16, u16),
        mine: (u16, u16),
    },
    #[error("it calls itself process {0}, which does not belong there")]
    Index(u16),
    #[error("its --secret-file is another")]
    Secret,
    #[error("its answer is none")]
    Answer,
}

impl Refusal {
    /// Whether both would take part in the same cluster, were they started alike.
    pub(super) fn is_of_settings(&self) -> bool {
        matches!(
            self,
            Self::Hosts | Self::Setting { .. } | Self::Shape { .. }
        )
    }
}

/// Whether a hello that begins like this can be one.
pub(super) fn is_ours(begin: &[u8]) -> Result<(), Refusal> {
    (begin == MAGIC).then_some(()).ok_or(Refusal::NotOurs)
}

/// What a hello says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hello {
    member: Member,
    /// 0: not known yet.
    generation: u64,
    nonce: Nonce,
}

impl Hello {
    fn bytes(&self) -> [u8; HELLO] {
        let Member {
            cluster,
            settings,
            processes,
            workers,
            index,
        } = self.member;
        let mut bytes = [0; HELLO];
        let mut left = &mut bytes[..];
        let mut put = |part: &[u8]| {
            let (now, later) = std::mem::take(&mut left).split_at_mut(part.len());
            now.copy_from_slice(part);
            left = later;
        };
        put(&MAGIC);
        put(&VERSION.to_be_bytes());
        put(&cluster);
        put(&settings);
        for number in [processes, workers, index] {
            put(&number.to_be_bytes());
        }
        put(&self.generation.to_be_bytes());
        put(&self.nonce);
        bytes
    }

    /// Of one who may take part, unless he is another than he says.
    fn read(bytes: &[u8; HELLO], mine: &Member) -> Result<Self, Refusal> {
        let (magic, rest) = take::<8>(bytes);
        is_ours(&magic)?;
        let (version, rest) = take(rest);
        let version = u16::from_be_bytes(version);
        if version != VERSION {
            return Err(Refusal::Version(version));
        }
        let (cluster, rest) = take(rest);
        let (settings, rest) = take(rest);
        let (processes, rest) = take(rest);
        let (workers, rest) = take(rest);
        let (index, rest) = take(rest);
        let (generation, rest) = take(rest);
        let (nonce, _) = take(rest);
        let member = Member {
            cluster,
            settings,
            processes: u16::from_be_bytes(processes),
            workers: u16::from_be_bytes(workers),
            index: u16::from_be_bytes(index),
        };
        let shape = |member: &Member| (member.processes, member.workers);
        if shape(&member) != shape(mine) {
            return Err(Refusal::Shape {
                theirs: shape(&member),
                mine: shape(mine),
            });
        }
        if let Some((theirs, mine)) = other_setting(&settings, &mine.settings) {
            return Err(Refusal::Setting { theirs, mine });
        }
        if cluster != mine.cluster {
            return Err(Refusal::Hosts);
        }
        Ok(Self {
            member,
            generation: u64::from_be_bytes(generation),
            nonce,
        })
    }
}

/// The first setting, with its name, that is another there than here.
fn other_setting(theirs: &[u8; SETTINGS], mine: &[u8; SETTINGS]) -> Option<(String, String)> {
    let words = |settings: &[u8; SETTINGS]| {
        let words = settings.split(|byte| matches!(byte, b' ' | 0));
        let words: Vec<_> = words.map(|word| word.escape_ascii().to_string()).collect();
        words
            .chunks(2)
            .map(|pair| pair.join(" "))
            .collect::<Vec<_>>()
    };
    let mut pairs = words(theirs).into_iter().zip(words(mine));
    pairs.find(|(theirs, mine)| theirs != mine)
}

/// The first bytes, and the rest; zeros where there are too few.
fn take<const N: usize>(bytes: &[u8]) -> ([u8; N], &[u8]) {
    match bytes.split_first_chunk() {
        Some((first, rest)) => (*first, rest),
        None => ([0; N], &[]),
    }
}

/// The side that connects.
#[derive(Debug)]
pub(super) struct Dialing {
    member: Member,
    hello: [u8; HELLO],
}

/// The same, after the acceptor's hello.
#[derive(Debug)]
pub(super) struct Proving {
    hello: [u8; HELLO],
    theirs: [u8; HELLO],
    /// The acceptor's, if it is what it says.
    generation: u64,
}

impl Dialing {
    /// The second part is what to send.
    pub(super) fn new(member: Member, generation: u64, nonce: Nonce) -> (Self, [u8; HELLO]) {
        let hello = Hello {
            member,
            generation,
            nonce,
        };
        let hello = hello.bytes();
        (Self { member, hello }, hello)
    }

    /// The acceptor should be process `index`.
    pub(super) fn prove(
        self,
        secret: &Secret,
        index: usize,
        theirs: &[u8; HELLO],
    ) -> Result<(Proving, [u8; PROOF]), Refusal> {
        let said = Hello::read(theirs, &self.member)?;
        if usize::from(said.member.index) != index {
            return Err(Refusal::Index(said.member.index));
        }
        let proof = secret.sign(&[DIALER, &self.hello, theirs]);
        let proving = Proving {
            hello: self.hello,
            theirs: *theirs,
            generation: said.generation,
        };
        Ok((proving, proof))
    }
}

impl Proving {
    /// What the acceptor makes of it, and the generation that it is in.
    pub(super) fn verdict(
        self,
        secret: &Secret,
        bytes: &[u8; VERDICT],
    ) -> Result<(Verdict, u64), Refusal> {
        let (verdict, proof) = bytes.split_at(1);
        if !secret.is_signed(&[ACCEPTOR, &self.hello, &self.theirs, verdict], proof) {
            return Err(Refusal::Secret);
        }
        let verdict = match verdict {
            [0] => Verdict::Welcome,
            [1] => Verdict::NotYet,
            [2] => Verdict::Older,
            [3] => Verdict::Taken,
            _ => return Err(Refusal::Answer),
        };
        Ok((verdict, self.generation))
    }
}

/// The side that is connected to.
#[derive(Debug)]
pub(super) struct Accepting {
    theirs: [u8; HELLO],
    hello: [u8; HELLO],
    said: Hello,
}

/// A dialer who is what he says.
#[derive(Debug)]
pub(super) struct Proved {
    theirs: [u8; HELLO],
    hello: [u8; HELLO],
    pub(super) index: usize,
    /// Where he takes himself to be; 0: he does not know.
    pub(super) generation: u64,
}

impl Accepting {
    /// The second part is what to send.
    pub(super) fn new(
        member: Member,
        generation: u64,
        nonce: Nonce,
        theirs: &[u8; HELLO],
    ) -> Result<(Self, [u8; HELLO]), Refusal> {
        let said = Hello::read(theirs, &member)?;
        let Member {
            index, processes, ..
        } = said.member;
        if index <= member.index || index >= processes {
            return Err(Refusal::Index(index));
        }
        let hello = Hello {
            member,
            generation,
            nonce,
        };
        let hello = hello.bytes();
        let accepting = Self {
            theirs: *theirs,
            hello,
            said,
        };
        Ok((accepting, hello))
    }

    pub(super) fn check(self, secret: &Secret, proof: &[u8; PROOF]) -> Result<Proved, Refusal> {
        if !secret.is_signed(&[DIALER, &self.theirs, &self.hello], proof) {
            return Err(Refusal::Secret);
        }
        Ok(Proved {
            theirs: self.theirs,
            hello: self.hello,
            index: usize::from(self.said.member.index),
            generation: self.said.generation,
        })
    }
}

impl Proved {
    pub(super) fn verdict(&self, secret: &Secret, verdict: Verdict) -> [u8; VERDICT] {
        let byte = [match verdict {
            Verdict::Welcome => 0,
            Verdict::NotYet => 1,
            Verdict::Older => 2,
            Verdict::Taken => 3,
        }];
        let mut bytes = [0; VERDICT];
        bytes[..1].copy_from_slice(&byte);
        let proof = secret.sign(&[ACCEPTOR, &self.theirs, &self.hello, &byte]);
        bytes[1..].copy_from_slice(&proof);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::of_bytes(text.as_bytes()).unwrap()
    }

    fn ours() -> Secret {
        secret("the secret of them all")
    }

    fn settings(words: &[u8]) -> [u8; SETTINGS] {
        let mut settings = [0; SETTINGS];
        settings[..words.len()].copy_from_slice(words);
        settings
    }

    fn member(index: u16) -> Member {
        Member {
            cluster: [7; 32],
            settings: settings(b"--batch 2s --grammar twitter"),
            processes: 3,
            workers: 2,
            index,
        }
    }

    /// Process 2 connects to process 1 as it would do, but for what is given.
    fn accepted(dialer: Member, key: &Secret) -> Result<Proved, Refusal> {
        let (dialing, hello) = Dialing::new(dialer, 40, [1; 32]);
        let (accepting, hello) = Accepting::new(member(1), 41, [2; 32], &hello)?;
        let (_, proof) = dialing.prove(key, 1, &hello)?;
        accepting.check(&ours(), &proof)
    }

    #[test]
    fn both_learn_who_the_other_is() {
        for said in [
            Verdict::Welcome,
            Verdict::NotYet,
            Verdict::Older,
            Verdict::Taken,
        ] {
            let (dialing, hello) = Dialing::new(member(2), 40, [1; 32]);
            let (accepting, hello) = Accepting::new(member(1), 41, [2; 32], &hello).unwrap();
            let (proving, proof) = dialing.prove(&ours(), 1, &hello).unwrap();
            let proved = accepting.check(&ours(), &proof).unwrap();
            assert_eq!((proved.index, proved.generation), (2, 40));
            let bytes = proved.verdict(&ours(), said);
            assert_eq!(proving.verdict(&ours(), &bytes), Ok((said, 41)));
        }
    }

    #[test]
    fn who_does_not_belong_there_is_refused() {
        let other = |change: &dyn Fn(&mut Member)| {
            let mut member = member(2);
            change(&mut member);
            accepted(member, &ours()).unwrap_err()
        };
        assert_eq!(other(&|member| member.cluster[31] = 8), Refusal::Hosts);
        for (theirs, told) in [
            (&b"--batch 2s --grammar words"[..], "--grammar words"),
            (b"--batch 2s --grammar \x1b", "--grammar \\x1b"),
            (b"--batch 2s", " "),
        ] {
            let refusal = other(&|member| member.settings = settings(theirs));
            let (theirs, mine) = (told.to_owned(), "--grammar twitter".to_owned());
            assert_eq!(refusal, Refusal::Setting { theirs, mine });
        }
        assert!(matches!(
            other(&|member| member.workers = 1),
            Refusal::Shape { .. }
        ));
        assert!(matches!(
            other(&|member| member.processes = 4),
            Refusal::Shape { .. }
        ));
        for index in [0, 1, 3] {
            let refusal = other(&|member| member.index = index);
            assert_eq!(refusal, Refusal::Index(index));
        }
        let wrong = accepted(member(2), &secret("another secret, just as long"));
        assert_eq!(wrong.unwrap_err(), Refusal::Secret);
    }

    #[test]
    fn other_versions_and_other_programs_are_refused() {
        let (_, hello) = Dialing::new(member(2), 0, [1; 32]);
        let refused = |at: usize| {
            let mut hello = hello;
            hello[at] ^= 0x80;
            Accepting::new(member(1), 0, [2; 32], &hello).unwrap_err()
        };
        assert_eq!(refused(3), Refusal::NotOurs);
        assert_eq!(refused(8), Refusal::Version(0x8000 | VERSION));
        assert_eq!(is_ours(b"GET / HT"), Err(Refusal::NotOurs));
    }

    #[test]
    fn an_acceptor_that_is_another_is_refused() {
        let (dialing, hello) = Dialing::new(member(2), 0, [1; 32]);
        let (_, hello) = Accepting::new(member(0), 9, [2; 32], &hello).unwrap();
        let refusal = dialing.prove(&ours(), 1, &hello).unwrap_err();
        assert_eq!(refusal, Refusal::Index(0));
    }

    #[test]
    fn nothing_can_be_said_twice() {
        let hellos = |nonce| {
            let (dialing, hello) = Dialing::new(member(2), 0, [1; 32]);
            let accepting = Accepting::new(member(1), 9, nonce, &hello).unwrap();
            (dialing, accepting)
        };
        let (dialing, (_, hello)) = hellos([2; 32]);
        let (_, heard) = dialing.prove(&ours(), 1, &hello).unwrap();
        let (_, (accepting, _)) = hellos([3; 32]);
        assert_eq!(
            accepting.check(&ours(), &heard).unwrap_err(),
            Refusal::Secret
        );

        // Nor can a verdict be changed, nor a proof be sent back to who made it.
        let (dialing, (accepting, hello)) = hellos([2; 32]);
        let (proving, proof) = dialing.prove(&ours(), 1, &hello).unwrap();
        let proved = accepting.check(&ours(), &proof).unwrap();
        let mut bytes = proved.verdict(&ours(), Verdict::Older);
        bytes[0] = 0;
        assert_eq!(proving.verdict(&ours(), &bytes), Err(Refusal::Secret));
        let (dialing, (_, hello)) = hellos([2; 32]);
        let (proving, proof) = dialing.prove(&ours(), 1, &hello).unwrap();
        let mut bytes = [0; VERDICT];
        bytes[1..].copy_from_slice(&proof);
        assert_eq!(proving.verdict(&ours(), &bytes), Err(Refusal::Secret));
    }
}
