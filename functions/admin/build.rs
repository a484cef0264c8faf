//! Takes the parts of Swagger UI that the page of `/docs` names out of its archive, and compresses them as they are served.
//! The archive also has the same code in four other forms, which would make the function a megabyte larger.

use std::error::Error;
use std::io::{Cursor, copy};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

const PARTS: [&str; 5] =
    ["swagger-ui-bundle.js", "swagger-ui.css", "index.css", "favicon-16x16.png", "favicon-32x32.png"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = std::env::var("OUT_DIR")?;
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    for part in PARTS {
        let of_dist = format!("/dist/{part}");
        let name = archive
            .file_names()
            .filter_map(|name| Some(name.ok()?.into_owned()))
            .find(|name| name.ends_with(&of_dist) && !name.contains("/flavors/"));
        let name = name.ok_or_else(|| format!("Swagger UI's archive has no {of_dist}"))?;
        let file = std::fs::File::create(Path::new(&folder).join(format!("{part}.gz")))?;
        let mut compressed = GzEncoder::new(file, Compression::best());
        copy(&mut archive.by_name(&name)?, &mut compressed)?;
        compressed.finish()?;
    }
    Ok(())
}
