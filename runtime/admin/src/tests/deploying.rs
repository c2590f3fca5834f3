//! Uploads, good and bad; undeploying; history.

use super::fake::Api;
use axum::body::Body;
use caisson_service::ServicesFolder;
use http::{Method, Request, StatusCode};
use serde_json::json;

#[tokio::test]
async fn a_module_goes_in_once() {
    let api = Api::open().await;
    let reply = api.put_python("hello", "service hello.world\n").await;
    assert_eq!(reply.status, StatusCode::CREATED);
    let expected = json!({"package": "hello", "version": 1, "services": ["hello.world"], "unchanged": false});
    assert_eq!(reply.json(), expected);
    let again = api.put("hello", "text/x-python; charset=utf-8", "service hello.world\n").await;
    assert_eq!((again.status, again.json()["unchanged"].as_bool()), (StatusCode::OK, Some(true)));
    let newer = api.put_python("hello", "service hello.world\n# new\n").await;
    assert_eq!((newer.status, newer.json()["version"].as_u64()), (StatusCode::OK, Some(2)));
}

#[tokio::test]
async fn files_and_settings_go_in_together() {
    let api = Api::open().await;
    let upload = json!({
        "files": [
            {"path": "api.py", "content": "c2VydmljZSBjcm0uYXBpCg=="},
            {"path": "v1/x.py", "content": "c2VydmljZSBjcm0ueAo="}
        ],
        "settings": "isolation = \"reuse\"\n"
    });
    let reply = api.put("crm", "application/json", upload.to_string()).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{reply:?}");
    assert_eq!(reply.json()["services"], json!(["crm.api", "crm.x"]));
    let component = json!({"files": [{"path": "x.wasm", "content": "AGFzbQ=="}], "settings": null});
    let reply = api.put("native", "application/json", component.to_string()).await;
    assert_eq!(reply.json()["services"], json!(["native"]), "{reply:?}");
    assert_eq!(api.get("/api/v1/packages/native").await.json()["language"], "component");
}

#[tokio::test]
async fn a_broken_package_comes_back_with_its_place() {
    let api = Api::open().await;
    api.put_python("hello", "service hello.world\n").await;
    let reply = api.put_python("hello", "service hello.world\nbroken\n").await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(reply.details(), "hello.py:2: SyntaxError: invalid syntax");
    let value = reply.json();
    assert_eq!((value["file"].as_str(), value["line"].as_u64()), (Some("hello.py"), Some(2)));
    assert_eq!(value["message"], "SyntaxError: invalid syntax");
    assert!(value["traceback"].as_str().unwrap().contains("line 2"));
    let reply = api.invoke("hello.world", Request::builder(), "").await;
    assert_eq!(reply.json()["version"], 1, "what ran before goes on");
}

#[tokio::test]
async fn bad_settings_come_back_with_their_line() {
    let api = Api::open().await;
    let upload = json!({"files": [{"path": "a.py", "content": ""}], "settings": "\nisolaton = 1"});
    let reply = api.put("crm", "application/json", upload.to_string()).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    let value = reply.json();
    assert_eq!((value["file"].as_str(), value["line"].as_u64()), (Some("crm/service.toml"), Some(2)));
    assert_eq!(value["message"], "unknown key isolaton; did you mean isolation?");
}

#[tokio::test]
async fn malformed_uploads_say_what_is_wrong() {
    let api = Api::open().await;
    let json = "application/json";
    for (media_type, body, status, part) in [
        ("text/plain", "x", 415, "text/x-python"),
        ("", "x", 415, "application/wasm"),
        ("text/x-python", "", 400, "empty"),
        (json, "{", 400, "the body is not"),
        (json, "{\"fils\": []}", 400, "fils"),
        (json, "{\"files\": [{\"path\": \"a.py\", \"content\": \"%\"}]}", 400, "\"a.py\" is not base64"),
        (json, "{\"files\": [{\"path\": \"../a.py\", \"content\": \"\"}]}", 422, "leaves the package"),
        (json, "{\"files\": []}", 422, "not a package"),
        (
            json,
            "{\"files\": [{\"path\": \"service.toml\", \"content\": \"\"}], \"settings\": \"\"}",
            400,
            "given twice",
        ),
    ] {
        let reply = api.put("a", media_type, body).await;
        assert_eq!(reply.status.as_u16(), status, "{body}: {reply:?}");
        assert!(reply.details().contains(part), "{body}: {reply:?}");
    }
    let reply = api.put_python("my-module", "service a\n").await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(reply.details().contains("my_module"), "{reply:?}");
}

#[tokio::test]
async fn too_large_is_known_before_it_is_read() {
    let api = Api::open().await;
    let body = Body::from(vec![0; (64 << 20) + 1]);
    let request =
        Request::put("/api/v1/packages/big").header("content-type", "application/wasm").body(body).unwrap();
    let reply = api.send(request).await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(reply.details().contains("67108864 bytes"));
    let reply = api.put("big", "text/x-python", vec![b' '; (4 << 20) + 1]).await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE, "{reply:?}");
}

#[tokio::test]
async fn two_packages_cannot_have_one_service() {
    let api = Api::open().await;
    api.put_python("one", "service shared.name\n").await;
    let reply = api.put_python("two", "service shared.name\n").await;
    assert_eq!(reply.status, StatusCode::CONFLICT);
    let details = reply.details();
    assert!(details.contains("shared.name") && details.contains("package one"), "{details}");
}

#[tokio::test]
async fn what_lives_in_the_folder_is_undeployed_there() {
    let api = Api::starting().await;
    let services = tempfile::tempdir().unwrap();
    std::fs::write(services.path().join("hello.py"), "service hello.world\n").unwrap();
    api.deployer.restore(Some(&ServicesFolder::new(services.path()))).await;
    let reply = api.call(Method::DELETE, "/api/v1/packages/hello").await;
    assert_eq!(reply.status, StatusCode::CONFLICT);
    assert!(reply.details().contains("hello.py"), "{reply:?}");
    let reply = api.put_python("hello", "service hello.world\n# other\n").await;
    assert_eq!(reply.status, StatusCode::CONFLICT);
    assert!(reply.details().contains("hello.py"), "{reply:?}");
    let reply = api.call(Method::POST, "/api/v1/packages/hello/rollback").await;
    assert_eq!(reply.status, StatusCode::CONFLICT);
    assert!(reply.details().contains("hello.py, and what is there is what runs"), "{reply:?}");
    assert!(api.folder.path().exists());
}

#[tokio::test]
async fn what_a_package_says_about_itself_is_shown() {
    let api = Api::open().await;
    let settings = "name = \"other\"\nversion = \"1.4\"\n[[needs]]\nconnection = \"db\"\noperations = [\"query\"]\nreason = \"r\"\n";
    let upload =
        json!({"files": [{"path": "a.py", "content": "c2VydmljZSBjcm0uYXBpCg=="}], "settings": settings});
    let reply = api.put("crm", "application/json", upload.to_string()).await.json();
    let needs = json!([{"connection": "db", "operations": ["query"], "reason": "r"}]);
    assert_eq!((&reply["package"], &reply["label"], &reply["needs"]), (&json!("crm"), &json!("1.4"), &needs));
    let shown = api.get("/api/v1/packages/crm").await.json();
    assert_eq!((&shown["label"], &shown["needs"]), (&json!("1.4"), &needs));
    assert_eq!(api.get("/api/v1/packages/crm/history").await.json()[0]["label"], "1.4");
    let refused =
        json!({"files": [{"path": "a.py", "content": ""}], "settings": "[[channels]]\nname = \"a\""});
    let reply = api.put("crm", "application/json", refused.to_string()).await;
    assert!(
        reply.details().contains("crm/service.toml:1: channels cannot be defined by a package"),
        "{reply:?}"
    );
}

#[tokio::test]
async fn an_archive_is_unpacked_within_bounds() {
    let api = Api::open().await;
    let archive = |name: &str, size: usize| {
        let mut archive = rawzip::ZipArchiveWriter::new(Vec::new());
        for (name, content) in [("crm/api.py", b"service crm.api\n".to_vec()), (name, vec![b'x'; size])] {
            let (mut entry, config) = archive
                .new_file(rawzip::path::EntryPath::verbatim(name.as_bytes().to_vec()))
                .start()
                .unwrap();
            let mut writer = config.wrap(&mut entry);
            std::io::Write::write_all(&mut writer, &content).unwrap();
            let (_, descriptor) = writer.finish().unwrap();
            entry.finish(descriptor).unwrap();
        }
        archive.finish().unwrap()
    };
    let zip = "application/zip";
    let reply = api.put("crm", zip, archive("crm/data.txt", 10)).await;
    assert_eq!((reply.status, reply.json()["services"].clone()), (StatusCode::CREATED, json!(["crm.api"])));
    for (body, status, part) in [
        (b"no archive".to_vec(), 422, "crm.zip cannot be used: it is no zip file"),
        (archive("crm/../../x.py", 10), 422, "leaves the package"),
        (archive("crm/big.txt", (4 << 20) + 1), 413, "crm/big.txt is more than 4194304 bytes"),
    ] {
        let reply = api.put("crm", zip, body).await;
        assert_eq!(reply.status.as_u16(), status, "{reply:?}");
        assert!(reply.details().contains(part), "{reply:?}");
    }
    assert_eq!(api.get("/api/v1/packages/crm").await.json()["version"], 1);
}

#[tokio::test]
async fn going_back_is_a_deployment_and_history_says_to_what() {
    let api = Api::open().await;
    for text in ["service hello.world\n# 1\n", "service hello.world\n# 2\n", "service hello.world\n# 3\n"] {
        api.put_python("hello", text).await;
    }
    let back = async |name: &str, query: &str| {
        api.call(Method::POST, &format!("/api/v1/packages/{name}/rollback{query}")).await
    };
    let reply = back("hello.world", "").await;
    let expected =
        json!({"to": 2, "package": "hello", "version": 4, "services": ["hello.world"], "unchanged": false});
    assert_eq!((reply.status, reply.json()), (StatusCode::OK, expected));
    assert_eq!(back("hello", "?to=1").await.json()["version"], 5);
    assert_eq!(back("hello", "?to=1").await.json()["unchanged"], true);
    let history = api.get("/api/v1/packages/hello/history").await.json();
    let same: Vec<_> = history.as_array().unwrap().iter().map(|one| one["same_as"].as_u64()).collect();
    assert_eq!(same, [None, None, None, Some(2), Some(1)]);
    let revisions = api.get("/api/v1/revisions").await.json();
    assert_eq!(revisions[0]["message"], "roll back hello to version 1");
    for (name, query, status, part) in [
        ("hello", "?to=9", 404, "version 9 of package hello is not kept; there are: 1, 2, 3, 4, 5"),
        ("none", "", 404, "neither a package nor a service is named none"),
        ("hello", "?to=first", 400, "to"),
        ("hello", "?version=1", 400, "version"),
    ] {
        let reply = back(name, query).await;
        assert_eq!(reply.status.as_u16(), status, "{name}{query}: {reply:?}");
        assert!(reply.details().contains(part), "{reply:?}");
    }
    api.put_python("young", "service young.x\n").await;
    let reply = back("young", "").await;
    assert_eq!(reply.status, StatusCode::CONFLICT);
    assert!(reply.details().contains("no earlier version"), "{reply:?}");
}

#[tokio::test]
async fn undeploying_keeps_the_history() {
    let api = Api::open().await;
    api.put_python("hello", "service hello.world\n").await;
    api.put_python("hello", "service hello.world\n# 2\n").await;
    let history = api.get("/api/v1/packages/hello/history").await.json();
    let current: Vec<bool> =
        history.as_array().unwrap().iter().map(|v| v["current"].as_bool().unwrap()).collect();
    assert_eq!(current, [false, true]);
    assert_eq!(history[1]["deployed_by"], "dev");
    assert_eq!(history[1]["digest"].as_str().unwrap().len(), 64);
    assert_eq!(api.call(Method::DELETE, "/api/v1/packages/hello").await.json(), json!({"package": "hello"}));
    assert_eq!(api.invoke("hello.world", Request::builder(), "").await.status, StatusCode::NOT_FOUND);
    let reply = api.call(Method::DELETE, "/api/v1/packages/hello").await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    let reply = api.put_python("hello", "service hello.world\n# 3\n").await;
    assert_eq!((reply.status, reply.json()["version"].as_u64()), (StatusCode::CREATED, Some(3)));
    assert_eq!(api.get("/api/v1/packages/none/history").await.status, StatusCode::NOT_FOUND);
}
