//! What an event costs: reading it, and reading and judging it.
//!
//! `cargo bench --bench decode_and_judge`. The two records are invented and of the usual size.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;
use std::sync::Arc;

use bailiwick::catalog::compile::{Strictness, compile};
use bailiwick::catalog::layers::Layer;
use bailiwick::classify::InputRules;
use bailiwick::decode::{Format, decode};
use bailiwick::directory::Directory;
use bailiwick::pipeline::{Outcome, Pipeline};
use bailiwick::tenant::TenantRecord;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const GRAPH: &str = r#"{"time":"2026-02-03T09:20:05.1230000Z","resourceId":"/TENANTS/5A3D1C60-8C1E-4C39-9F57-2B6F0F1E7A01/PROVIDERS/MICROSOFT.AADIAM","operationName":"Microsoft Graph Activity","operationVersion":"v1.0","category":"MicrosoftGraphActivityLogs","resultSignature":"200","durationMs":"41233","callerIpAddress":"198.51.100.23","correlationId":"7c3bd4e2-54e2-4a80-8b9e-2f6b7b9d0a11","level":"Informational","location":"East US","properties":{"timeGenerated":"2026-02-03T09:20:04.9Z","location":"East US","requestId":"7c3bd4e2-54e2-4a80-8b9e-2f6b7b9d0a11","operationId":"7c3bd4e2-54e2-4a80-8b9e-2f6b7b9d0a11","clientRequestId":"0f0e1c1b-73aa-4a3e-9f65-27cf2f64d6a2","apiVersion":"v1.0","requestMethod":"GET","responseStatusCode":200,"tenantId":"5a3d1c60-8c1e-4c39-9f57-2b6f0f1e7a01","durationMs":41233,"responseSizeBytes":1724,"signInActivityId":"aW52ZW50ZWQtaW52ZW50ZWQ","roles":"","appId":"2b9d8a70-3d64-4f3f-9e6b-0a4c5d6e7f80","scopes":"Group.Read.All User.Read","clientAuthMethod":"2","wids":"","ipAddress":"198.51.100.23","userAgent":"Invented/2.1","requestUri":"https://graph.microsoft.com/v1.0/groups/9d2f/members?$select=id","userId":"c7a5ad54-9d0b-4cc2-8c92-6a1de1f01d11","tokenIssuedAt":"2026-02-03T09:02:41.0000000Z"},"tenantId":"5a3d1c60-8c1e-4c39-9f57-2b6f0f1e7a01"}"#;

const SIGN_IN: &str = r#"{"time":"2026-02-03T09:20:11.0400000Z","resourceId":"/tenants/5a3d1c60-8c1e-4c39-9f57-2b6f0f1e7a01/providers/Microsoft.aadiam","operationName":"Sign-in activity","operationVersion":"1.0","category":"SignInLogs","tenantId":"5a3d1c60-8c1e-4c39-9f57-2b6f0f1e7a01","resultType":"0","resultSignature":"None","callerIpAddress":"198.51.100.23","correlationId":"f0a6a1f1-8f0e-4c53-8d5e-6a1f5e0c1d22","identity":"Jo Invented","Level":4,"location":"DE","properties":{"id":"f0a6a1f1-8f0e-4c53-8d5e-6a1f5e0c1d22","createdDateTime":"2026-02-03T09:20:09.77Z","userDisplayName":"Jo Invented","userPrincipalName":"jo@example.org","userId":"c7a5ad54-9d0b-4cc2-8c92-6a1de1f01d11","appDisplayName":"Expenses","appId":"2b9d8a70-3d64-4f3f-9e6b-0a4c5d6e7f80","clientAppUsed":"Browser","crossTenantAccessType":"none","deviceDetail":{"deviceId":"","operatingSystem":"Linux","browser":"Firefox 140"},"location":{"city":"Kassel","state":"Hessen","countryOrRegion":"DE"},"authenticationDetails":[{"authenticationMethod":"Password","succeeded":true}],"appliedConditionalAccessPolicies":[{"id":"p-1","displayName":"Second factor","result":"success"}]}}"#;

fn costs(criterion: &mut Criterion) {
    let program = Arc::new(compile(&[Layer::builtin()], Strictness::Strict).unwrap().program);
    let tenant: TenantRecord = serde_json::from_str(
        r#"{"id":"5a3d1c60-8c1e-4c39-9f57-2b6f0f1e7a01","country":"DE","created":"2021-04-12","capabilities":{}}"#,
    )
    .unwrap();
    let directory = Arc::new(Directory::new(&program, [&tenant]));
    let rules = Arc::new(InputRules::default());
    let mut pipeline = Pipeline::new(program, directory, rules, Format::Auto, 1 << 20);
    for (name, record) in [("graph", GRAPH), ("sign-in", SIGN_IN)] {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(record.len() as u64));
        group.bench_function("decode", |bencher| {
            bencher.iter(|| decode(Format::Auto, black_box(record.as_bytes())).unwrap());
        });
        group.bench_function("decode and judge", |bencher| {
            bencher.iter(|| {
                pipeline.record(Some(black_box(record.as_bytes())), |outcome| {
                    assert!(matches!(black_box(outcome), Outcome::Judged(_)));
                });
            });
        });
        group.finish();
    }
}

criterion_group!(benches, costs);
criterion_main!(benches);
