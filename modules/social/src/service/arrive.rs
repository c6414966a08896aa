use super::{
    Setback,
    depart::{self, COOKIE, Journey},
    link, show,
};
use crate::{Social, provider::Answered, store};
use auth::protocol::{Cookies, Done, Form, Landing, Success, Visitor};
use garde::Validate;
use kit::{App, Reason, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use std::borrow::Cow;
use subtle::ConstantTimeEq;
use url::form_urlencoded::Serializer;

/// What the platform sends somebody back with.
#[derive(Deserialize, JsonSchema, Validate)]
#[schemars(rename = "SocialReturn")]
pub(crate) struct Return {
    #[garde(length(max = 4096))]
    code: Option<String>,
    #[garde(length(max = 512))]
    state: Option<String>,
    /// Why it does not say who they are.
    #[garde(length(max = 256))]
    error: Option<String>,
    #[garde(length(max = 2048))]
    error_description: Option<String>,
    /// The platform itself (RFC 9207).
    #[garde(length(max = 2048))]
    iss: Option<String>,
}

impl Form for Return {
    const URL_ENCODED: bool = true;
}

impl Return {
    /// The same as a path, for those whom a platform sends back by a form: the browser leaves the cookies out of it.
    pub(crate) fn path(&self, app: &App, provider: &str) -> String {
        let fields = [
            ("code", &self.code),
            ("state", &self.state),
            ("error", &self.error),
            ("error_description", &self.error_description),
            ("iss", &self.iss),
        ];
        let mut query = Serializer::new(String::new());
        for (name, value) in fields {
            query.extend_pairs(value.iter().map(|value| (name, value)));
        }
        let provider: String = Serializer::new(String::new()).append_key_only(provider).finish();
        format!("{}?{}", depart::redirect_uri(app, &provider), query.finish())
    }
}

/// Takes in whoever comes back from a platform: leads them on to their page, or to that for failures. They come back
/// once, in time, to the same browser and from where they were sent.
pub(crate) async fn arrive(visitor: &Visitor, provider: &str, form: &Return) -> Result<Landing<Success<Done>>> {
    let app = &visitor.app;
    let no_page = format!("{}/api/auth/error", app.settings().base_url);
    let Some(state) = &form.state else { return Ok(told(&no_page, "state_not_found", None)) };
    let Some((journey, sound)) = take(visitor, state).await? else {
        return Ok(told(&no_page, "state_mismatch", None));
    };
    let page = journey.error_url.as_deref().unwrap_or(&no_page);
    if !sound || journey.provider != provider {
        return Ok(told(page, "state_mismatch", None));
    }
    let landing = match go_on(visitor, &journey, form).await {
        Ok(landing) => landing,
        Err(Setback::Told(code, why)) => told(page, &code, why.as_deref()),
        Err(Setback::Broken(error)) => return Err(error),
    };
    Ok(match landing {
        Landing::At(page, mut cookies) => {
            cookies.extend(Cookies::of(app)?.expire(COOKIE));
            Landing::At(page, cookies)
        }
        here => here,
    })
}

/// What was kept for this state, which is used up, and whether it was for this browser and is not late.
async fn take(visitor: &Visitor, state: &str) -> Result<Option<(Journey, bool)>> {
    let app = &visitor.app;
    let mut tx = app.db().system(Reason::Session, visitor.request.origin.clone()).await?;
    let Some(returned) = store::take_state(&mut tx, &depart::hash(state)).await? else { return Ok(None) };
    tx.unaudited("a journey only ends");
    tx.commit().await?;
    let journey = depart::open(app, state, &returned.journey)?;
    let here = visitor.cookie(COOKIE).is_some_and(|cookie| cookie.as_bytes().ct_eq(state.as_bytes()).into());
    let sound = here && !returned.late && journey.session.is_some() == returned.user_id.is_some();
    Ok(Some((journey, sound)))
}

async fn go_on(visitor: &Visitor, journey: &Journey, form: &Return) -> Result<Landing<Success<Done>>, Setback> {
    let app = &visitor.app;
    if let Some(error) = &form.error {
        return Err(Setback::Told(Cow::Owned(error.clone()), form.error_description.clone()));
    }
    let code = form.code.as_deref().ok_or(Setback::told("no_code"))?;
    let provider = app.the::<Social>()?.provider(&journey.provider)?;
    let redirect_uri = depart::redirect_uri(app, &provider.name);
    let answered = Answered {
        code,
        issuer: form.iss.as_deref(),
        nonce: &journey.nonce,
        verifier: &journey.verifier,
        redirect_uri: &redirect_uri,
    };
    let (tokens, person) = provider.redeem(app.clock().now(), &answered).await?;
    let callback = journey.callback_url.clone();
    if let Some(session) = journey.session {
        link::link(app, visitor.request.origin.clone(), session, &provider.name, &tokens, &person).await?;
        return Ok(Landing::At(callback, vec![]));
    }
    let (entry, new) = show::sign_in(visitor, &provider.name, &tokens, &person, &callback).await?;
    let page = journey.new_user_url.clone().filter(|_| new).unwrap_or(callback);
    Ok(entry.land(app, page)?)
}

fn told(page: &str, code: &str, why: Option<&str>) -> Landing<Success<Done>> {
    let mut query = Serializer::new(String::new());
    query.append_pair("error", code);
    query.extend_pairs(why.map(|why| ("error_description", why)));
    let (page, fragment) = page.split_once('#').map_or((page, None), |(page, rest)| (page, Some(rest)));
    let sign = if page.contains('?') { '&' } else { '?' };
    let fragment = fragment.map(|it| format!("#{it}")).unwrap_or_default();
    Landing::At(format!("{page}{sign}{}{fragment}", query.finish()), vec![])
}
