//! One customer from the database `crm-db`: `/customer?id=7`.

use caisson::{Error, ErrorKind, Json, Request, sql};
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
struct Customer {
    id: i32,
    name: String,
    email: String,
}

/// Answers the customer whose number the query has.
#[caisson::service]
async fn find(request: Request) -> Result<Json<Customer>, Error> {
    let wanted = request.query("id").and_then(|id| id.parse::<i32>().ok());
    let wanted = wanted.ok_or_else(|| Error::invalid("`id` has to be the number of a customer"))?;
    let crm = sql::Connection::named("crm-db");
    let found = crm.query("select id, name, email from customers where id = $1", (wanted,)).await?;
    let missing = || Error::new(ErrorKind::NotFound, format!("there is no customer {wanted}"));
    found.read_first()?.map(Json).ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use caisson::testing::Host;
    use serde_json::{Value, json};

    fn ask(query: &str) -> Result<Value, Error> {
        let host = Host::new().sql("crm-db", |asked| {
            let rows = sql::Rows::with_columns(["id", "name", "email"]);
            let known = format!("{:?}", asked.params).contains('7');
            Ok(if known { rows.row((7, "Ada", "ada@example.com")) } else { rows })
        });
        host.call(find, Request::new("").over_http("GET", query))?.read_json()
    }

    #[test]
    fn a_customer_is_found_by_number() {
        let ada = json!({"id": 7, "name": "Ada", "email": "ada@example.com"});
        assert_eq!(ask("/customer?id=7").unwrap(), ada);
    }

    #[test]
    fn who_is_not_there_and_what_is_no_number_are_told_apart() {
        for (query, kind) in [
            ("/customer?id=8", ErrorKind::NotFound),
            ("/customer", ErrorKind::InvalidInput),
            ("/customer?id=x", ErrorKind::InvalidInput),
        ] {
            assert_eq!(ask(query).unwrap_err().kind(), kind, "{query}");
        }
    }
}
