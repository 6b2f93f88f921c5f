//! Varlink: our methods go to the session; what every varlink service answers (who it is, what
//! its interface looks like, that it does not know something) is the library's to answer.

#![forbid(unsafe_code)]

use crate::answer;
use crate::session::Session;
use crate::wiped::{serialized, wipe};
use cloud2fa::client::INTERFACE;
use std::io::{BufRead, Read};
use varlink::sansio::protocol::parse_request;
use varlink::{Call, CallTrait, ConnectionHandler, Interface, VarlinkService};
use zeroize::Zeroizing;

/// The interface as it is published.
const DESCRIPTION: &str = include_str!("../../conf/io.cloud2fa.varlink");

/// The service for one connection.
pub struct Service {
    session: Session,
    standard: VarlinkService,
}

impl Service {
    /// With nothing done yet.
    pub fn new(session: Session) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        let interfaces: Vec<Box<dyn Interface + Send + Sync>> = vec![Box::new(Described)];
        let standard =
            VarlinkService::new("cloud2fa", "cloud2fad", version, "man:cloud2fad(8)", interfaces);
        Self { session, standard }
    }

    /// Whether a new key waits for its code.
    pub fn is_enrolling(&self) -> bool {
        self.session.is_enrolling()
    }

    /// The answer to a message; nothing where it is no call. In a frame of its own, which the
    /// caller wipes.
    #[inline(never)]
    pub fn answer(&mut self, message: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut call = parse_request(message).ok()?;
        let ours = call.method.strip_prefix(INTERFACE).and_then(|rest| rest.strip_prefix('.'));
        let reply = ours.and_then(|method| self.session.call(method, call.parameters.as_ref()));
        if let Some(parameters) = &mut call.parameters {
            wipe(parameters);
        }
        let answer = match reply {
            Some(reply) => serialized(reply)?,
            None => self.standard_answer(message)?,
        };
        // A call that wants no answer gets none.
        Some(if call.oneway == Some(true) { Zeroizing::default() } else { answer })
    }

    fn standard_answer(&self, message: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut answer = Vec::new();
        let mut ended = message.chain(&b"\0"[..]);
        if self.standard.handle(&mut ended, &mut answer, None).is_ok() {
            return Some(Zeroizing::new(answer));
        }
        // GetInterfaceDescription's, the only one there is.
        serialized(answer::invalid_parameter("interface"))
    }
}

/// Our interface for whoever asks what it looks like.
struct Described;

impl Interface for Described {
    fn get_description(&self) -> &'static str {
        DESCRIPTION
    }

    fn get_name(&self) -> &'static str {
        INTERFACE
    }

    fn call_upgraded(&self, _: &mut Call<'_>, _: &mut dyn BufRead) -> varlink::Result<Vec<u8>> {
        Ok(Vec::new())
    }

    /// Only what the session does not know comes here.
    fn call(&self, call: &mut Call<'_>) -> varlink::Result<()> {
        let method = call.get_request().map(|request| request.method.to_string());
        call.reply_method_not_found(method.unwrap_or_default())
    }
}
