//! What a request brings along to prove who sends it.

use caisson_capability::{Error, ErrorKind};
use sha2::{Digest as _, Sha256};
use std::net::IpAddr;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// What a request brings along to prove who sends it.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    /// The headers of the request.
    pub headers: &'a http::HeaderMap,
    /// The address that the request came from, as far as the port trusts it.
    pub peer: Option<IpAddr>,
    /// The certificate that the client showed. The TLS side of the port has verified it and the possession of its key.
    pub certificate: Option<&'a ClientCertificate>,
}

impl std::fmt::Debug for Attempt<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The headers hold the credentials.
        f.debug_struct("Attempt").field("peer", &self.peer).finish_non_exhaustive()
    }
}

/// The certificate of a client, as far as definitions can speak about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The common name (CN) of its subject, if it has exactly one.
    pub common_name: Option<String>,
    /// The DNS names among its subject alternative names.
    pub dns_names: Vec<String>,
    /// SHA-256 of its DER.
    pub fingerprint: [u8; 32],
}

impl ClientCertificate {
    /// Reads a certificate.
    ///
    /// # Errors
    ///
    /// `invalid-input` when it is no X.509 certificate, or bytes follow it.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let wrong = |why: String| {
            let text = "the client certificate cannot be read; send one certificate in X.509 (RFC 5280)";
            Error::new(ErrorKind::InvalidInput, text).detail(why)
        };
        let (rest, certificate) = X509Certificate::from_der(der).map_err(|error| wrong(error.to_string()))?;
        if !rest.is_empty() {
            return Err(wrong(format!("{} bytes follow the certificate", rest.len())));
        }
        let mut names = certificate.subject().iter_common_name();
        // Of two common names it would be anybody's guess which one the authority has checked.
        let common_name = match (names.next(), names.next()) {
            (Some(name), None) => name.as_str().ok().map(str::to_owned),
            _ => None,
        };
        let alternative = certificate.subject_alternative_name().map_err(|error| wrong(error.to_string()))?;
        let dns_names = alternative
            .map_or_else(Vec::new, |names| names.value.general_names.iter().filter_map(dns_name).collect());
        Ok(Self { common_name, dns_names, fingerprint: Sha256::digest(der).into() })
    }
}

fn dns_name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DnType, KeyPair};

    fn made(common: &[&str], dns: &[&str]) -> Vec<u8> {
        let names: Vec<String> = dns.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        for name in common {
            params.distinguished_name.push(DnType::CommonName, *name);
        }
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn reads_names_and_fingerprint() {
        let der = made(&["partner"], &["a.example", "b.example"]);
        let certificate = ClientCertificate::from_der(&der).unwrap();
        assert_eq!(certificate.common_name.as_deref(), Some("partner"));
        assert_eq!(certificate.dns_names, ["a.example", "b.example"]);
        assert_eq!(certificate.fingerprint[..], Sha256::digest(&der)[..]);
    }

    #[test]
    fn a_certificate_without_names_has_none() {
        let certificate = ClientCertificate::from_der(&made(&[], &[])).unwrap();
        assert_eq!((certificate.common_name, certificate.dns_names.len()), (None, 0));
    }

    #[test]
    fn refuses_what_is_no_certificate() {
        let whole = made(&["partner"], &[]);
        let mut longer = whole.clone();
        longer.push(0);
        let cases = [&b""[..], b"-----BEGIN CERTIFICATE-----", &whole[..whole.len() / 2], &longer];
        for bytes in cases {
            let error = ClientCertificate::from_der(bytes).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidInput);
        }
    }
}
