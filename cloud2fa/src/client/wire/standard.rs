//! What every varlink service answers: who it is, what its interfaces look like, and that it does not
//! know something.

use super::INTERFACE;
use super::call::Call;
use super::given::BadParameter;
use super::reply::Reply;
use serde_json::{Value, json};

/// The interface as it is published.
const DESCRIPTION: &str = include_str!("../../../../conf/io.cloud2fa.varlink");

/// The interface that every varlink service has.
const STANDARD: &str = "org.varlink.service";

/// What that one looks like.
const STANDARD_DESCRIPTION: &str = "\
# What every varlink service answers about itself.
interface org.varlink.service

# Who made the service, which one it is, and which interfaces it has.
method GetInfo() -> (
  vendor: string,
  product: string,
  version: string,
  url: string,
  interfaces: []string
)

# What an interface of the service looks like.
method GetInterfaceDescription(interface: string) -> (description: string)

# The service has no such interface.
error InterfaceNotFound (interface: string)

# The interface has no such method.
error MethodNotFound (method: string)

# The interface has this method, and the service does not.
error MethodNotImplemented (method: string)

# A parameter is missing, wrong or unknown.
error InvalidParameter (parameter: string)
";

/// Who a service is.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// Its program's name.
    pub product: &'static str,
    /// Its program's version.
    pub version: &'static str,
    /// Where it is described.
    pub url: &'static str,
}

/// The answer to a call that is none of a method of ours.
pub fn standard(call: &Call, about: &About) -> Reply {
    let method = call.method.as_str();
    // A name without a dot is looked for as an interface.
    let (interface, name) = method.rsplit_once('.').unwrap_or((method, ""));
    match (interface, name) {
        (STANDARD, "GetInfo") => Reply::with(json!({
            "vendor": "cloud2fa",
            "product": about.product,
            "version": about.version,
            "url": about.url,
            "interfaces": [STANDARD, INTERFACE],
        })),
        (STANDARD, "GetInterfaceDescription") => describe(&call.parameters),
        (STANDARD | INTERFACE, _) if method != interface => {
            error("MethodNotFound", json!({ "method": method }))
        }
        _ => error("InterfaceNotFound", json!({ "interface": interface })),
    }
}

fn describe(parameters: &Value) -> Reply {
    let wrong = |name: &str| Reply::invalid(&BadParameter(name.to_owned()));
    if parameters.is_null() {
        return wrong("parameters");
    }
    match parameters.get("interface").and_then(Value::as_str) {
        Some(INTERFACE) => Reply::with(json!({ "description": DESCRIPTION })),
        Some(STANDARD) => Reply::with(json!({ "description": STANDARD_DESCRIPTION })),
        _ => wrong("interface"),
    }
}

fn error(name: &str, parameters: Value) -> Reply {
    Reply::error(format!("{STANDARD}.{name}"), parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_says_who_it_is_and_what_it_does_not_know() {
        let about = About { product: "cloud2fad", version: "7.0", url: "man:x(8)" };
        let invalid = |name: &str| {
            format!(
                r#"{{"error":"org.varlink.service.InvalidParameter","parameters":{{"parameter":"{name}"}}}}"#
            )
        };
        let unknown = |what: &str, key: &str, name: &str| {
            format!(r#"{{"error":"org.varlink.service.{what}","parameters":{{"{key}":"{name}"}}}}"#)
        };
        let no_interface = |name| unknown("InterfaceNotFound", "interface", name);
        let no_method = |name| unknown("MethodNotFound", "method", name);
        let info = r#"{"parameters":{"interfaces":["org.varlink.service","io.cloud2fa"],"product":"cloud2fad","url":"man:x(8)","vendor":"cloud2fa","version":"7.0"}}"#;
        let described = "org.varlink.service.GetInterfaceDescription";
        for (method, parameters, answer) in [
            ("org.varlink.service.GetInfo", "null", info.to_owned()),
            ("org.varlink.service.GetInfo", r#"{"x":1}"#, info.to_owned()),
            (described, "null", invalid("parameters")),
            (described, "{}", invalid("interface")),
            (described, "[]", invalid("interface")),
            (described, r#"{"interface":5}"#, invalid("interface")),
            (described, r#"{"interface":"x.y"}"#, invalid("interface")),
            ("org.varlink.service.X", "{}", no_method("org.varlink.service.X")),
            ("io.cloud2fa.X", "{}", no_method("io.cloud2fa.X")),
            ("io.cloud2fa.", "{}", no_method("io.cloud2fa.")),
            ("io.cloud2fa", "{}", no_interface("io")),
            ("io.cloud2fa.x.Y", "{}", no_interface("io.cloud2fa.x")),
            ("org.varlink.service", "{}", no_interface("org.varlink")),
            ("x.y.Z", "{}", no_interface("x.y")),
            ("Z", "{}", no_interface("Z")),
            ("", "{}", no_interface("")),
            (".", "{}", no_interface("")),
        ] {
            let call = format!(r#"{{"method":"{method}","parameters":{parameters}}}"#);
            let reply = standard(&Call::parse(call.as_bytes()).unwrap(), &about).finish();
            assert_eq!(String::from_utf8_lossy(&reply), format!("{answer}\0"), "{call}");
        }
    }

    #[test]
    fn both_interfaces_are_described() {
        let about = About { product: "", version: "", url: "" };
        for (interface, expected) in [(STANDARD, "method GetInfo()"), (INTERFACE, "method Verify(")]
        {
            let call = format!(
                r#"{{"method":"org.varlink.service.GetInterfaceDescription","parameters":{{"interface":"{interface}"}}}}"#
            );
            let reply = standard(&Call::parse(call.as_bytes()).unwrap(), &about).finish();
            let text = String::from_utf8_lossy(&reply);
            assert!(text.contains(&format!("interface {interface}")) && text.contains(expected));
        }
    }
}
