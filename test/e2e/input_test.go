package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// nested is a JSON text of lists in lists.
func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

func TestBodiesThatAreNoJSON(t *testing.T) {
	w := theWorld(t)
	const create = "POST /records/account"
	for _, r := range []refusal{
		{says: "cut off", send: create, body: `{"name": `, status: 400, code: "json.syntax", has: []string{`"line":1`, `"column":10`}},
		{says: "wrong in line 3", send: create, body: "{\n\"name\":\n  nope}", status: 400, code: "json.syntax", has: []string{`"line":3`, `"column":3`}},
		{says: "a column behind other characters", send: create, body: `{"客户":"名称",}`, status: 400, code: "json.syntax", has: []string{`"column":12`}},
		{says: "single quotes", send: create, body: `{'name':'x'}`, status: 400, code: "json.syntax"},
		{says: "a comment", send: create, body: `{"name":"x"} // y`, status: 400, code: "json.trailing", has: []string{`"column":14`}},
		{says: "two values", send: create, body: `{"name":"x"}{"name":"y"}`, status: 400, code: "json.trailing"},
		{says: "a byte order mark", send: create, body: "\ufeff{\"name\":\"x\"}", status: 400, code: "json.syntax"},
		{says: "nothing", send: create, body: " \n", status: 400, code: "json.empty"},
		{says: "a list", send: create, body: `[{"name":"x"}]`, status: 400, code: "api.json_type"},
		{says: "null", send: create, body: `null`, status: 400, code: "api.json_type"},
		{says: "a member twice", send: create, body: `{"name":"x","name":"y"}`, status: 400, code: "json.twice", has: []string{`"column":13`}},
		{says: "a member twice, once escaped", send: create, body: `{"name":"x","n\u0061me":"y"}`, status: 400, code: "json.twice"},
		{says: "a member twice inside", send: create, body: `{"name":"x","billing_address":{"city":"a","city":"b"}}`, status: 400, code: "json.twice"},
		{says: "not UTF-8", send: create, body: "{\"name\":\"\xff\xfe\"}", status: 400, code: "json.utf8"},
		{says: "half a surrogate pair", send: create, body: `{"name":"\ud800"}`, status: 400, code: "json.syntax"},
		{says: "NaN", send: create, body: `{"name":"x","employees":NaN}`, status: 400, code: "json.syntax"},
		{says: "a control character", send: create, body: "{\"name\":\"a\tb\"}", status: 400, code: "json.control"},
		{says: "a number of 5,000 digits", send: create, body: `{"name":"x","employees":` + strings.Repeat("9", 5000) + `}`, status: 400, code: "json.number"},
		{says: "a number beyond every exponent", send: create, body: `{"name":"x","employees":1e999999999}`, status: 400, code: "json.number"},
		{says: "100,000 levels", send: create, body: nested(100_000), status: 400, code: "json.depth", has: []string{`"column":65`}},
		{says: "levels inside", send: create, body: `{"name":"x","tags":` + nested(70) + `}`, status: 400, code: "json.depth"},
		{says: "levels never closed", send: create, body: strings.Repeat(`{"a":`, 50_000), status: 400, code: "json.depth"},
		{says: "another type", send: create, body: text{"text/plain", `{"name":"x"}`}, status: 415, code: "api.media_type"},
		{says: "a form", send: create, body: text{"application/x-www-form-urlencoded", "name=x"}, status: 415, code: "api.media_type"},
		{says: "compressed", send: create, body: `{"name":"x"}`, headers: []string{"Content-Encoding", "gzip"}, status: 415, code: "api.encoding"},
		{says: "broken to the configuration", send: "POST /metadata/apply", body: `{"documents": [}`, status: 400, code: "json.syntax", has: []string{`"column":16`}},
		{says: "of the wrong type to the configuration", send: "POST /metadata/apply", body: `{"documents": {}}`, status: 400, code: "api.json_type"},
		{says: "of the wrong type inside a change", send: "POST /metadata/apply", body: `{"documents": [], "delete":[{"kind":1,"name":"x"}]}`, status: 400, code: "api.json_type"},
		{says: "an unknown member of a change", send: "POST /metadata/apply", body: `{"document": []}`, status: 400, code: "api.unknown_member"},
		{says: "an unknown member of an aggregation", send: "POST /records/account/aggregate", body: `{"measure": []}`, status: 400, code: "api.unknown_member"},
		{says: "the wrong type in an aggregation", send: "POST /records/account/aggregate", body: `{"group": [{"field": 1}]}`, status: 400, code: "api.json_type"},
		{says: "a wrong bucket in an aggregation", send: "POST /records/account/aggregate", body: `{"group": [{"field": "created_at", "by": {}}]}`, status: 400, code: "api.json_type"},
		{says: "the wrong type of a limit", send: "POST /records/account/aggregate", body: `{"limit": 1.5}`, status: 400, code: "api.json_type"},
		{says: "broken to bulk", send: "POST /records/account/bulk", body: `{"operations": [`, status: 400, code: "json.syntax"},
		{says: "an unknown member of an operation", send: "POST /records/account/bulk", body: `{"operations": [{"op":"create","date":{}}]}`, status: 400, code: "api.unknown_member"},
		{says: "an unknown operation", send: "POST /records/account/bulk", body: `{"operations": [{"op":"drop"}]}`, status: 400, code: "record.unknown_operation"},
		{says: "a wrong version", send: "POST /records/account/bulk", body: `{"operations": [{"op":"update","id":"x","version":"1","data":{}}]}`, status: 422, code: "api.bad_id"},
		{says: "a merge of nothing", send: "POST /records/account/" + w.admin.en.id + "/merge", body: `{}`, status: 400, code: "api.json_type"},
		{says: "a key without an end", send: "POST /keys", body: `{"name":"x","expires_at":"tomorrow"}`, status: 422, code: "api.not_a_time"},
		{says: "a key with a number for an end", send: "POST /keys", body: `{"name":"x","expires_at":1}`, status: 400, code: "api.json_type"},
		{says: "broken to login", send: "POST /auth/login", body: `{"email":`, status: 400, code: "json.syntax"},
		{says: "the wrong type to login", send: "POST /auth/login", body: `{"email":{}}`, status: 400, code: "api.json_type"},
	} {
		w.refuse(t, r)
	}
}

func TestBodiesThatAreTooLarge(t *testing.T) {
	w := theWorld(t)
	large := `{"name":"` + strings.Repeat("x", 10<<20) + `"}`
	for _, r := range []refusal{
		{says: "a record of 10 MB", send: "POST /records/account", body: large, status: 413, code: "api.too_large"},
		{says: "an aggregation of 10 MB", send: "POST /records/account/aggregate", body: large, status: 413, code: "api.too_large"},
		{says: "a login of 10 MB", send: "POST /auth/login", body: large, status: 413, code: "api.too_large"},
		{says: "a password of 500 kB", send: "POST /auth/login", body: object{"email": adminEmail, "password": large[:500_000]}, status: 413, code: "api.too_large"},
		{says: "a password of 8 kB", send: "POST /auth/login", body: object{"email": adminEmail, "password": large[:8_000]}, status: 401, code: "auth.failed"},
		{says: "bulk of 20 MB", send: "POST /records/account/bulk", body: `{"operations":"` + strings.Repeat("x", 20<<20) + `"}`, status: 413, code: "api.too_large"},
		{says: "bulk of too many lines", send: "POST /records/account/bulk", body: `{"operations":[` + strings.Repeat(`{"op":"create"},`, 100_000) + `{"op":"create"}]}`, status: 413, code: "api.too_many"},
		{says: "an operation too many", send: "POST /metadata/apply", body: `{"documents":[` + strings.Repeat(`{},`, 6000) + `{}]}`, status: 413, code: "catalog.too_many_documents"},
		{says: "a record of many members", send: "POST /records/account", body: members(20_000), status: 422, code: "record.invalid"},
		{says: "a parameter of 10 kB", send: "GET /records/account?filter=" + strings.Repeat("x", 10_000), status: 400, code: "api.bad_query"},
	} {
		w.refuse(t, r)
	}
	// What was not read says no language.
	problem(t, w.admin.en.do(t, "GET", "/me", nil, "X-Large", strings.Repeat("x", 100_000)), 413, "api.headers", "en")
}

// members is an object with n members.
func members(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"f%d":1`, i)
	}
	return "{" + b.String()[1:] + "}"
}
