//! Certificates and keys of one cluster, made anew for each.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};

use crate::{Error, Result};

/// Names and addresses by which clients reach the API server.
const SERVER_NAMES: [&str; 7] = [
    "127.0.0.1",
    "10.96.0.1",
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
];

/// Who a certificate is for.
struct Identity {
    /// Base name of the files.
    name: &'static str,
    /// Common name: the user's name in Kubernetes.
    user: &'static str,
    /// Organization: the user's group in Kubernetes.
    group: Option<&'static str>,
}

const IDENTITIES: [Identity; 5] = [
    Identity {
        name: "apiserver",
        user: "kube-apiserver",
        group: None,
    },
    Identity {
        name: "admin",
        user: "spira-admin",
        group: Some("system:masters"),
    },
    Identity {
        name: "kube-controller-manager",
        user: "system:kube-controller-manager",
        group: None,
    },
    Identity {
        name: "kube-scheduler",
        user: "system:kube-scheduler",
        group: None,
    },
    Identity {
        name: "front-proxy",
        user: "front-proxy-client",
        group: None,
    },
];

/// A directory with the files of a cluster: `ca.crt`, `NAME.crt`, `NAME.key`, and `sa.key` with `sa.pub`, which sign
/// the tokens of service accounts.
#[derive(Debug)]
pub(super) struct Pki {
    dir: PathBuf,
}

impl Pki {
    /// Makes all files below `dir`.
    pub(super) fn create(dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir).map_err(Error::file(dir))?;
        let pki = Self { dir: dir.into() };
        let ca = authority()?;
        pki.write("ca.crt", &ca.pem())?;
        pki.write("ca.key", &ca.key().serialize_pem())?;
        for identity in &IDENTITIES {
            let (certificate, key) = issue(identity, &ca)?;
            pki.write(&format!("{}.crt", identity.name), &certificate)?;
            pki.write(&format!("{}.key", identity.name), &key)?;
        }
        let tokens = KeyPair::generate().map_err(failed("sa"))?;
        pki.write("sa.key", &tokens.serialize_pem())?;
        pki.write("sa.pub", &tokens.public_key_pem())?;
        Ok(pki)
    }

    /// Path of a file.
    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.dir.join(file)
    }

    fn write(&self, file: &str, text: &str) -> Result<()> {
        let path = self.path(file);
        fs::OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(Error::file(path))
    }
}

fn failed(name: &'static str) -> impl FnOnce(rcgen::Error) -> Error {
    move |source| Error::Certificate { name, source }
}

fn authority() -> Result<CertifiedIssuer<'static, KeyPair>> {
    let mut params = CertificateParams::default();
    params.distinguished_name = subject("spira-test-ca", None);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
    ];
    let key = KeyPair::generate().map_err(failed("ca"))?;
    CertifiedIssuer::self_signed(params, key).map_err(failed("ca"))
}

/// Makes the certificate and the key of an identity, as PEM.
fn issue(identity: &Identity, ca: &CertifiedIssuer<'_, KeyPair>) -> Result<(String, String)> {
    let names = if identity.name == "apiserver" {
        SERVER_NAMES.map(String::from).to_vec()
    } else {
        Vec::new()
    };
    let mut params = CertificateParams::new(names).map_err(failed(identity.name))?;
    params.distinguished_name = subject(identity.user, identity.group);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate().map_err(failed(identity.name))?;
    let certificate = params.signed_by(&key, ca).map_err(failed(identity.name))?;
    Ok((certificate.pem(), key.serialize_pem()))
}

fn subject(common_name: &str, organization: Option<&str>) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    if let Some(organization) = organization {
        name.push(DnType::OrganizationName, organization);
    }
    name.push(DnType::CommonName, common_name);
    name
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn every_file_is_there_for_the_owner_only() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let pki = Pki::create(&dir.path().join("pki")).expect("certificates");
        let mut names = vec![
            "ca.crt".to_owned(),
            "ca.key".into(),
            "sa.key".into(),
            "sa.pub".into(),
        ];
        for identity in &IDENTITIES {
            names.extend([
                format!("{}.crt", identity.name),
                format!("{}.key", identity.name),
            ]);
        }
        for name in names {
            let path = pki.path(&name);
            let text = fs::read_to_string(&path).expect(&name);
            assert!(text.starts_with("-----BEGIN "), "{name}: {text}");
            let mode = fs::metadata(&path).expect(&name).permissions().mode();
            assert_eq!(mode & 0o077, 0, "{name}");
        }
    }
}
