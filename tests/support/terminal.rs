//! A terminal that nobody looks at but the test.

use std::{
    ffi::OsStr,
    fs::File,
    io::Read,
    os::unix::ffi::OsStrExt,
    process::{Child, Command},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};

/// How long something may take to appear.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program whose three streams are a terminal.
pub struct OnTerminal {
    /// The program.
    pub child: Child,
    shown: Arc<Mutex<Vec<u8>>>,
    reader: Option<thread::JoinHandle<()>>,
}

impl OnTerminal {
    /// Runs a command on a new terminal of 120 by 40.
    pub fn spawn(mut command: Command) -> Self {
        let near = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
        grantpt(&near).expect("its other end");
        unlockpt(&near).expect("its other end");
        let size = Winsize { ws_row: 40, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&near, size).expect("a size");
        let name = ptsname(&near, Vec::new()).expect("its name");
        let path = OsStr::from_bytes(name.to_bytes());
        let far = File::options().read(true).write(true).open(path).expect("its other end");
        let end = || far.try_clone().expect("another handle");
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().expect("the program can be run");
        // From now on only the program holds the other end, so its end is seen here.
        drop(command);
        drop(far);
        let shown = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&shown);
        let mut near = File::from(near);
        let reader = thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = near.read(&mut buffer) {
                seen.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&buffer[..count]);
            }
        });
        Self { child, shown, reader: Some(reader) }
    }

    /// What the terminal was given so far, with escapes.
    pub fn shown(&self) -> String {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&shown).replace("\r\n", "\n")
    }

    /// Waits until something is shown.
    #[track_caller]
    pub fn await_text(&self, text: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.shown().contains(text) {
            assert!(Instant::now() < until, "no {text:?} in:\n{}", self.shown());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits for the program's end; gives the exit code and all that was shown.
    #[track_caller]
    pub fn finish(mut self) -> (Option<i32>, String) {
        let until = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child of ours") {
                break status;
            }
            assert!(Instant::now() < until, "does not end:\n{}", self.shown());
            thread::sleep(Duration::from_millis(5));
        };
        self.reader.take().map(thread::JoinHandle::join);
        (status.code(), self.shown())
    }
}

impl Drop for OnTerminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
