//! Namespaces that SOAP messages are made of, and the rule for names.

/// Envelope of SOAP 1.1.
pub const SOAP11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// Envelope of SOAP 1.2.
pub const SOAP12: &str = "http://www.w3.org/2003/05/soap-envelope";
/// `xsi:nil` and its like.
pub const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// XML Schema.
pub const XSD: &str = "http://www.w3.org/2001/XMLSchema";
/// `xml:lang` and its like; its prefix is bound without a declaration.
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// What declares prefixes.
pub const XMLNS: &str = "http://www.w3.org/2000/xmlns/";
/// WS-Security: `Security`, `UsernameToken`.
pub const WSSE: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
/// WS-Security 1.1's additions; some clients put `Security` there.
pub const WSSE11: &str = "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd";
/// WS-Security: `Timestamp`, `Created`, `Expires`.
pub const WSU: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
/// What the types of passwords begin with.
pub const TOKEN_PROFILE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0";
/// The only encoding of a nonce.
pub const BASE64_ENCODING: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary";

/// The prefix that readers expect for a namespace.
pub(crate) fn usual_prefix(namespace: &str) -> Option<&'static str> {
    match namespace {
        SOAP11 | SOAP12 => Some("soap"),
        XSI => Some("xsi"),
        XSD => Some("xsd"),
        WSSE => Some("wsse"),
        WSSE11 => Some("wsse11"),
        WSU => Some("wsu"),
        _ => None,
    }
}

/// Whether `name` may be the name of an element or an attribute, without a prefix (an `NCName`).
#[must_use]
pub fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(starts_name) && chars.all(continues_name)
}

fn starts_name(one: char) -> bool {
    matches!(one, 'A'..='Z' | 'a'..='z' | '_' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}'
        | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
        | '\u{10000}'..='\u{EFFFF}')
}

fn continues_name(one: char) -> bool {
    starts_name(one)
        || matches!(one, '0'..='9' | '-' | '.' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// Whether XML 1.0 can say `one` at all, even as a character reference.
#[must_use]
pub fn is_char(one: char) -> bool {
    matches!(one, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}
