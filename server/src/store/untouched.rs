//! A redb file that is opened without being changed: what redb writes while it is open, such as the
//! repair after a crash, stays in memory.

use std::{
    collections::BTreeMap,
    fs::File,
    io,
    ops::Bound,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use redb::{BackendError, StorageBackend, backends::FileBackend};

/// What is written is kept in blocks of this many bytes.
const BLOCK: u64 = 4096;

#[derive(Debug)]
pub(super) struct Untouched {
    file: FileBackend,
    /// Behind this the file has nothing to say.
    file_end: AtomicU64,
    len: AtomicU64,
    written: Mutex<BTreeMap<u64, Vec<u8>>>,
}

impl Untouched {
    /// `file` needs to be open for reading only.
    pub(super) fn new(file: File) -> Result<Self, redb::DatabaseError> {
        let len = file.metadata().map_err(redb::StorageError::from)?.len();
        Ok(Self {
            file: FileBackend::new(file)?,
            file_end: AtomicU64::new(len),
            len: AtomicU64::new(len),
            written: Mutex::default(),
        })
    }

    /// As it is in the file.
    fn read_file(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let there = self.file_end.load(Relaxed).saturating_sub(offset);
        let there = usize::try_from(there).unwrap_or(usize::MAX).min(out.len());
        let (there, behind) = out.split_at_mut(there);
        behind.fill(0);
        if there.is_empty() {
            return Ok(());
        }
        self.file.read(offset, there)
    }
}

impl StorageBackend for Untouched {
    fn len(&self) -> io::Result<u64> {
        Ok(self.len.load(Relaxed))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let end = offset.saturating_add(out.len() as u64);
        if end > self.len.load(Relaxed) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.read_file(offset, out)?;
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let first = offset - offset % BLOCK;
        for (&start, block) in written.range(first..end) {
            let from = start.max(offset);
            let to = (start + BLOCK).min(end);
            let source = &block[(from - start) as usize..(to - start) as usize];
            out[(from - offset) as usize..(to - offset) as usize].copy_from_slice(source);
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        // What is cut off is zero when it is there again.
        self.file_end.fetch_min(len, Relaxed);
        written.split_off(&len.next_multiple_of(BLOCK));
        if let Some((start, block)) = written.range_mut(..len).next_back() {
            let kept = (len - start).min(BLOCK) as usize;
            block[kept..].fill(0);
        }
        self.len.store(len, Relaxed);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let end = offset + data.len() as u64;
        let mut start = offset - offset % BLOCK;
        while start < end {
            let block = match written.get_mut(&start) {
                Some(block) => block,
                None => {
                    let mut block = vec![0; BLOCK as usize];
                    self.read_file(start, &mut block)?;
                    written.entry(start).or_insert(block)
                }
            };
            let from = start.max(offset);
            let to = (start + BLOCK).min(end);
            let source = &data[(from - offset) as usize..(to - offset) as usize];
            block[(from - start) as usize..(to - start) as usize].copy_from_slice(source);
            start += BLOCK;
        }
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    // A file that is open for reading only can be locked against those who write, which is all that
    // is needed: nobody who only reads is in the way.

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_the_file_is_as_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let content: Vec<u8> = (0..10_000_u32).map(|n| n as u8).collect();
        std::fs::write(&path, &content).unwrap();
        let file = Untouched::new(File::open(&path).unwrap()).unwrap();
        let mut model = content.clone();
        let read = |model: &[u8]| {
            let mut all = vec![1; model.len()];
            file.read(0, &mut all).unwrap();
            assert_eq!(all, model);
            let mut some = vec![1; model.len() - 4000];
            file.read(4000, &mut some).unwrap();
            assert_eq!(some, model[4000..]);
        };
        read(&model);
        file.write(4090, &[7; 5000]).unwrap();
        model[4090..9090].fill(7);
        read(&model);
        file.set_len(6000).unwrap();
        file.set_len(20_000).unwrap();
        model.truncate(6000);
        model.resize(20_000, 0);
        read(&model);
        file.write(19_999, &[9]).unwrap();
        model[19_999] = 9;
        read(&model);
        file.read(19_999, &mut [0; 2]).unwrap_err();
        assert_eq!(std::fs::read(&path).unwrap(), content);
    }
}
