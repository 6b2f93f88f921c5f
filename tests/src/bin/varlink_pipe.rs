//! Talks to the service as the user who runs it: each line of standard input is a call, and
//! each answer is a line of standard output. Ends when the service hangs up.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

fn main() -> std::io::Result<()> {
    let mut service = UnixStream::connect(cloud2fa_tests::service::SOCKET)?;
    let mut answers = BufReader::new(service.try_clone()?);
    for call in std::io::stdin().lock().lines() {
        service.write_all(&[call?.as_bytes(), b"\0"].concat())?;
        let mut answer = Vec::new();
        answers.read_until(0, &mut answer)?;
        if answer.pop() != Some(0) {
            break;
        }
        answer.push(b'\n');
        let mut output = std::io::stdout().lock();
        output.write_all(&answer)?;
        output.flush()?;
    }
    Ok(())
}
