use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use imagesize::{ImageType, blob_size, image_type};
use kit::{Answer, App, Error, Input, Operation, Result, Upload};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use std::convert::Infallible;
use uuid::Uuid;

/// The largest picture, in bytes.
pub(crate) const LARGEST: usize = 1 << 20;
/// The most pixels of a side.
const WIDEST: usize = 4096;

/// A picture whose kind and size have been looked at.
pub(crate) struct Sound {
    pub(crate) media_type: &'static str,
    pub(crate) content: Bytes,
}

impl Sound {
    /// The picture, by what is in it and not by what it is called.
    ///
    /// # Errors
    /// 415 for what is no PNG, JPEG, WebP or GIF; 422 for more than 4096 pixels to a side.
    pub(crate) fn of(content: Bytes) -> Result<Self> {
        let media_type = match image_type(&content) {
            Ok(ImageType::Png) => "image/png",
            Ok(ImageType::Jpeg) => "image/jpeg",
            Ok(ImageType::Webp) => "image/webp",
            Ok(ImageType::Gif) => "image/gif",
            _ => return Err(unsupported()),
        };
        let size = blob_size(&content).map_err(|_| unsupported())?;
        let sides = 1..=WIDEST;
        if sides.contains(&size.width) && sides.contains(&size.height) {
            return Ok(Self { media_type, content });
        }
        let message = format!("A picture has at most {WIDEST} pixels to a side.");
        Err(Error::invalid("", "PICTURE_TOO_LARGE", message))
    }
}

fn unsupported() -> Error {
    let message = "A picture is a PNG, JPEG, WebP or GIF.";
    Error::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_PICTURE", message)
}

/// A picture as the body.
pub(crate) struct PictureBody(pub(crate) Upload);

impl FromRequest<App> for PictureBody {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self> {
        Upload::from_request(request, app).await.map(Self)
    }
}

impl Input for PictureBody {
    fn describe(operation: &mut Operation) {
        let file = json!({ "schema": { "type": "string", "format": "binary" } });
        let content = json!({ "image/png": file, "image/jpeg": file, "image/webp": file, "image/gif": file });
        operation.set("requestBody", json!({ "required": true, "content": content }));
        operation.error(StatusCode::PAYLOAD_TOO_LARGE);
        operation.error(StatusCode::UNSUPPORTED_MEDIA_TYPE);
        operation.error(StatusCode::UNPROCESSABLE_ENTITY);
    }
}

/// What the client has already, if it says so.
pub(crate) struct Known(Option<HeaderValue>);

impl FromRequestParts<App> for Known {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.get(IF_NONE_MATCH).cloned()))
    }
}

impl Input for Known {
    fn describe(operation: &mut Operation) {
        operation.empty_success(StatusCode::NOT_MODIFIED);
    }
}

impl Known {
    fn holds(&self, tag: &str) -> bool {
        let known = self.0.as_ref().and_then(|known| known.to_str().ok()).unwrap_or_default();
        known == "*" || known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag)
    }
}

/// A picture that is kept.
pub(crate) struct Kept {
    pub(crate) id: Uuid,
    pub(crate) media_type: String,
    pub(crate) content: Vec<u8>,
}

/// A picture as it is served: shown, never run.
pub(crate) struct Picture {
    kept: Kept,
    known: bool,
    caching: &'static str,
}

impl Picture {
    /// For whoever knows its address, which is another with each picture.
    pub(crate) fn by_address(kept: Kept, known: &Known) -> Self {
        Self::new(kept, known, "public, max-age=31536000, immutable")
    }

    /// For its user, at an address that stays when the picture changes.
    pub(crate) fn own(kept: Kept, known: &Known) -> Self {
        Self::new(kept, known, "private, no-cache")
    }

    fn new(kept: Kept, known: &Known, caching: &'static str) -> Self {
        let known = known.holds(&tag(kept.id));
        Self { kept, known, caching }
    }
}

fn tag(id: Uuid) -> String {
    format!("\"{}\"", id.simple())
}

impl IntoResponse for Picture {
    fn into_response(self) -> Response {
        let Self { kept: Kept { id, media_type, content }, known, caching } = self;
        let headers = [(ETAG, tag(id)), (CACHE_CONTROL, caching.to_owned())];
        if known {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        let extension = media_type.trim_start_matches("image/");
        let disposition = format!("inline; filename=\"avatar.{extension}\"");
        let about = [(CONTENT_DISPOSITION, disposition), (CONTENT_TYPE, media_type)];
        (headers, about, content).into_response()
    }
}

impl Answer for Picture {
    fn describe(operation: &mut Operation) {
        operation.success_content("image/*");
    }
}

/// Where a user's picture is.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Avatar")]
pub(crate) struct Address {
    /// The address, for whoever may see it; the profile's `image` is the same.
    pub(crate) image: String,
}
