//! Wheels that a package brings along in its folder `vendor`: pure Python, unpacked beside the package when it is loaded.

use super::zip::{self, Room};
use super::{MAX_FILES, MAX_PACKAGE_BYTES, SourceError};
use crate::name;
use caisson_engine::SourceFile;
use std::collections::HashMap;

/// Where wheels are looked for in a package.
const FOLDER: &str = "vendor";

/// Endings of native code, which the sandbox cannot run whatever a wheel's name says.
const NATIVE: [&str; 4] = [".so", ".pyd", ".dylib", ".dll"];

/// Whether a file of the package, its path beginning with the package's name, is a wheel that is unpacked.
pub(super) fn is_wheel(path: &str) -> bool {
    let mut parts = path.split('/').skip(1);
    matches!((parts.next(), parts.next(), parts.next()), (Some(FOLDER), Some(file), None) if file.ends_with(".whl"))
}

/// The files of all wheels of a package, with paths as they are imported.
///
/// # Errors
///
/// A wheel that is none, or has native code; names that the package, the SDK or another wheel has; everything together larger
/// than a package may be.
pub(super) fn unpack(package: &str, files: &[SourceFile]) -> Result<Vec<SourceFile>, SourceError> {
    let (wheels, own): (Vec<_>, Vec<_>) = files.iter().partition(|file| is_wheel(&file.path));
    let bytes: u64 = own.iter().map(|file| u64::try_from(file.content.len()).unwrap_or(u64::MAX)).sum();
    let mut room =
        Room { files: MAX_FILES.saturating_sub(own.len()), bytes: MAX_PACKAGE_BYTES.saturating_sub(bytes) };
    let mut found: Vec<SourceFile> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for wheel in wheels {
        let refused = |reason: String| SourceError::Archive { archive: wheel.path.clone(), reason };
        check_name(&wheel.path).map_err(refused)?;
        for file in zip::unpack(&wheel.path, &wheel.content, &mut room)? {
            let Some(file) = placed(file) else { continue };
            if let Some(reason) = objection(package, &file.path) {
                return Err(refused(reason));
            }
            let before = places.get(&file.path).and_then(|place| found.get(*place));
            match before {
                // Distributions that share a namespace each bring its `__init__.py`.
                Some(before) if before.content == file.content => {}
                Some(_) => {
                    return Err(refused(format!("{} is in another wheel too, and different", file.path)));
                }
                None => {
                    places.insert(file.path.clone(), found.len());
                    found.push(file);
                }
            }
        }
    }
    Ok(found)
}

/// `NAME-VERSION(-BUILD)-PYTHON-ABI-PLATFORM.whl`, of which the last three have to say that it runs anywhere.
fn check_name(path: &str) -> Result<(), String> {
    let stem = path.rsplit('/').next().and_then(|file| file.strip_suffix(".whl")).unwrap_or_default();
    let parts: Vec<&str> = stem.split('-').collect();
    let (5 | 6, [.., python, abi, platform]) = (parts.len(), parts.as_slice()) else {
        return Err(
            "a wheel is named NAME-VERSION-py3-none-any.whl; keep the name that it came with".to_owned()
        );
    };
    if python.split('.').any(|tag| tag == "py3") && *abi == "none" && *platform == "any" {
        return Ok(());
    }
    Err(format!(
        "it is for {python}-{abi}-{platform}, and only wheels of pure Python (py3-none-any) can be used in the sandbox; \
         look for such a one, or for another library"
    ))
}

/// Where a file of a wheel goes; nothing for what is not imported, such as scripts.
fn placed(mut file: SourceFile) -> Option<SourceFile> {
    let Some((top, rest)) = file.path.split_once('/') else { return Some(file) };
    if top.ends_with(".data") {
        let (kind, rest) = rest.split_once('/')?;
        if !matches!(kind, "purelib" | "platlib") {
            return None;
        }
        file.path = rest.to_owned();
    }
    Some(file)
}

fn objection(package: &str, path: &str) -> Option<String> {
    if NATIVE.iter().any(|ending| path.ends_with(ending)) {
        return Some(format!(
            "{path} is native code, which the sandbox cannot run; look for a library of pure Python"
        ));
    }
    let top = path.split('/').next().unwrap_or_default();
    let top = top.strip_suffix(".py").unwrap_or(top);
    if top == package {
        return Some(format!("it brings {path}, and {top} is this package; give the package another name"));
    }
    name::is_sdk(top).then(|| format!("it brings {path}, which would hide the SDK's {top}; remove the wheel"))
}

#[cfg(test)]
mod tests {
    use super::super::zip::tests::files as zip;
    use super::super::{Language, PackageSource};
    use super::*;
    use caisson_engine::Package;

    const INFO: (&str, &[u8]) = ("pure-1.0.dist-info/METADATA", b"Name: pure");

    fn package(wheels: Vec<(&str, Vec<u8>)>) -> Result<PackageSource, SourceError> {
        let wheel = |(name, bytes): (&str, Vec<u8>)| SourceFile {
            path: format!("vendor/{name}"),
            content: bytes.into(),
        };
        let mut files: Vec<SourceFile> = wheels.into_iter().map(wheel).collect();
        files.push(SourceFile { path: "api.py".to_owned(), content: "x".into() });
        PackageSource::from_files("crm", files)
    }

    fn loaded(source: &PackageSource) -> Vec<String> {
        let Package::Python { files, .. } = source.package() else { panic!("Python") };
        files.into_iter().map(|file| file.path).collect()
    }

    #[test]
    fn a_wheel_is_kept_as_it_is_and_unpacked_when_it_is_loaded() {
        let wheel = zip(&[
            ("pure/__init__.py", b"1"),
            INFO,
            ("pure-1.0.data/purelib/more.py", b"2"),
            ("pure-1.0.data/scripts/run", b"3"),
        ]);
        let source = package(vec![("pure-1.0-py2.py3-none-any.whl", wheel)]).unwrap();
        let kept: Vec<_> = source.files().iter().map(|file| file.path.as_str()).collect();
        assert_eq!(kept, ["crm/api.py", "crm/vendor/pure-1.0-py2.py3-none-any.whl"]);
        assert_eq!(
            loaded(&source),
            ["crm/api.py", "pure/__init__.py", "pure-1.0.dist-info/METADATA", "more.py"]
        );
        assert_eq!(source.language(), Language::Python);
    }

    #[test]
    fn only_wheels_in_the_folder_for_them_are_unpacked() {
        for (path, is) in [
            ("crm/vendor/a-1-py3-none-any.whl", true),
            ("crm/a-1-py3-none-any.whl", false),
            ("crm/vendor/x/a-1-py3-none-any.whl", false),
            ("crm/data/vendor/a.whl", false),
            ("crm/vendor/notes.txt", false),
        ] {
            assert_eq!(is_wheel(path), is, "{path}");
        }
    }

    #[test]
    fn what_the_sandbox_cannot_run_or_import_is_refused() {
        let pure = || zip(&[("pure/__init__.py", b"1"), INFO]);
        for (name, bytes, part) in [
            ("a-1-cp314-cp314-manylinux_2_17_x86_64.whl", pure(), "cp314-cp314-manylinux_2_17_x86_64"),
            ("a-1-py3-none-win32.whl", pure(), "pure Python"),
            ("a-1-py2-none-any.whl", pure(), "pure Python"),
            ("a-1-py3-abi3-any.whl", pure(), "pure Python"),
            ("a.whl", pure(), "keep the name"),
            ("a-1-py3-none-any.whl", b"no zip".to_vec(), "no zip file"),
            ("a-1-py3-none-any.whl", zip(&[("a/_fast.so", b"\x7fELF")]), "native code"),
            ("a-1-py3-none-any.whl", zip(&[("crm/__init__.py", b"")]), "is this package"),
            ("a-1-py3-none-any.whl", zip(&[("crm.py", b"")]), "is this package"),
            ("a-1-py3-none-any.whl", zip(&[("caisson/__init__.py", b"")]), "hide the SDK"),
            ("a-1-py3-none-any.whl", zip(&[("zato.py", b"")]), "hide the SDK"),
            ("a-1-py3-none-any.whl", zip(&[("../../x.py", b"")]), "leaves the package"),
            ("a-1-py3-none-any.whl", zip(&[("a.bin", &vec![0; 3 << 20])]), "100 times"),
        ] {
            let error = package(vec![(name, bytes)]).expect_err(name).to_string();
            assert!(error.contains(part) && error.contains(name), "{name}: {error}");
        }
    }

    #[test]
    fn wheels_may_share_a_namespace_and_nothing_else() {
        let one = || zip(&[("space/__init__.py", b"same"), ("space/one.py", b"1")]);
        let two = |text: &[u8]| zip(&[("space/__init__.py", text), ("space/two.py", b"2")]);
        let both =
            |other| package(vec![("one-1-py3-none-any.whl", one()), ("two-1-py3-none-any.whl", other)]);
        assert_eq!(
            loaded(&both(two(b"same")).unwrap())[1..],
            ["space/__init__.py", "space/one.py", "space/two.py"]
        );
        let error = both(two(b"other")).unwrap_err().to_string();
        assert!(error.contains("space/__init__.py is in another wheel"), "{error}");
    }

    #[test]
    fn bounds_are_those_of_one_package() {
        let names: Vec<String> = (0..1_000).map(|number| format!("{number}.py")).collect();
        let many = |folder: &str| {
            let names: Vec<String> = names.iter().map(|name| format!("{folder}/{name}")).collect();
            zip(&names.iter().map(|name| (name.as_str(), &b""[..])).collect::<Vec<_>>())
        };
        let wheels = vec![("one-1-py3-none-any.whl", many("one")), ("two-1-py3-none-any.whl", many("two"))];
        let error = package(wheels).unwrap_err().to_string();
        assert!(error.contains("2000 files"), "{error}");
    }
}
