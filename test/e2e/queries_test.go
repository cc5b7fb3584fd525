package e2e

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

// repeated joins n texts that may contain their number as %d.
func repeated(form, between string, n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = strings.ReplaceAll(form, "%d", fmt.Sprint(i))
	}
	return strings.Join(all, between)
}

func TestQueriesThatAreRefused(t *testing.T) {
	w := theWorld(t)
	list := func(parameters ...string) string { return "GET /records/opportunity?" + query(parameters...).Encode() }
	aggregate := "POST /records/opportunity/aggregate"
	for _, r := range []refusal{
		// Filters that are wrong.
		{says: "a misspelt field", send: list("filter", "amuont > 1"), status: 422, code: "list.bad_filter", has: []string{`"suggestion":"amount"`, `"column":1`, `"line":1`}},
		{says: "a misspelt field behind others", send: list("filter", `stage == "won" and accuont.name == "x"`), status: 422, code: "list.bad_filter", has: []string{`"column":20`}},
		{says: "a broken filter", send: list("filter", `amount >`), status: 422, code: "list.bad_filter"},
		{says: "another language", send: list("filter", `1=1; DROP TABLE opportunity --`), status: 422, code: "list.bad_filter"},
		{says: "a wrong type", send: list("filter", `amount == "much"`), status: 422, code: "list.bad_filter"},
		{says: "no condition", send: list("filter", `amount + 1`), status: 422, code: "list.bad_filter"},
		{says: "a constant out of bounds", send: list("filter", `amount > 99999999999999999999999999`), status: 422, code: "list.bad_filter"},
		{says: "a function that is not there", send: list("filter", `len(map(1..1000000000, # * 2)) > 1`), status: 422, code: "list.bad_filter"},
		{says: "a predicate", send: list("filter", `all(1..100, {# > 0})`), status: 422, code: "list.bad_filter"},
		{says: "a closure over the environment", send: list("filter", `$env["password"] == "x"`), status: 422, code: "list.bad_filter"},
		{says: "a repetition", send: list("filter", `repeat("x", 1000000000) == name`), status: 422, code: "list.bad_filter"},
		{says: "a pattern that backtracks", send: list("filter", `name matches "(a+)+$"`), status: 422, code: "list.bad_filter"},
		{says: "the clock of the machine", send: list("filter", `sleep(10)`), status: 422, code: "list.bad_filter"},
		{says: "an assignment", send: list("filter", `let x = 1; x == 1`), status: 422, code: "list.bad_filter"},
		{says: "not UTF-8", send: "GET /records/opportunity?filter=%ff%fe", status: 400, code: "api.bad_query"},
		// Filters that cost too much.
		{says: "many hops", send: list("filter", "account."+strings.Repeat("parent.", 12)+`name == "x"`), status: 422, code: "list.bad_filter"},
		{says: "hops in many paths", send: list("filter", repeated(`account.parent.parent.name == "%d"`, " or ", 20)), status: 422, code: "list.too_costly"},
		{says: "many comparisons", send: list("filter", repeated(`amount==%d`, "||", 300)), status: 422, code: "list.too_costly"},
		{says: "a huge list", send: aggregate, body: object{"filter": "amount in [" + repeated("%d", ",", 3000) + "]"}, status: 422, code: "list.filter_too_long"},
		{says: "2,000 nodes", send: list("filter", "amount>"+strings.Repeat("-(", 1000)+"1"+strings.Repeat(")", 1000)), status: 422, code: "list.bad_filter"},
		{says: "deep brackets", send: list("filter", strings.Repeat("(", 1200)+"true"+strings.Repeat(")", 1200)), status: 422, code: "list.bad_filter"},
		{says: "deep negation", send: list("filter", strings.Repeat("not ", 1900)+"true"), status: 422, code: "list.bad_filter"},
		{says: "a long sum", send: list("filter", repeated("amount", "+", 1000)+" > 1"), status: 422, code: "list.bad_filter"},
		{says: "a long condition", send: list("filter", strings.Repeat("true?", 600)+"true"+strings.Repeat(":false", 600)), status: 422, code: "list.bad_filter"},
		// The rest of a list.
		{says: "an unknown parameter", send: list("filtre", "true"), status: 400, code: "api.unknown_parameter", has: []string{"filter"}},
		{says: "a parameter twice", send: "GET /records/opportunity?limit=1&limit=2", status: 400, code: "api.repeated_parameter"},
		{says: "a limit beyond", send: list("limit", "501"), status: 422, code: "list.bad_limit"},
		{says: "a negative limit", send: list("limit", "-1"), status: 400, code: "api.bad_parameter"},
		{says: "a limit that overflows", send: list("limit", "99999999999999999999"), status: 400, code: "api.bad_parameter"},
		{says: "an unknown field", send: list("fields", "name,amuont"), status: 422, code: "list.unknown_field", has: []string{"amount"}},
		{says: "a field of too many hops", send: list("fields", "account."+strings.Repeat("parent.", 8)+"name"), status: 422, code: "list.too_deep"},
		{says: "a field behind a text", send: list("fields", "name.length"), status: 422, code: "list.no_lookup"},
		{says: "fields without end", send: list("fields", repeated("account.parent.parent.parent.f%d", ",", 200)), status: 422, code: "list.unknown_field"},
		{says: "an unknown sort", send: list("sort", "-amuont"), status: 422, code: "list.unknown_field"},
		{says: "a sort by what has no order", send: "GET /records/account?sort=billing_address", status: 422, code: "list.not_sortable"},
		{says: "a sort by what is computed when read", send: "GET /records/task?sort=overdue", status: 422, code: "list.not_sortable"},
		{says: "many sorts", send: list("sort", "name,amount,stage,close_date,probability,type,source,next_step,item_count"), status: 422, code: "list.too_many_sorts"},
		{says: "SQL to sort by", send: list("sort", `name"; DROP TABLE opportunity --`), status: 422, code: "list.unknown_field"},
		{says: "an object that is not there", send: "GET /records/opportunities", status: 404, code: "record.unknown_object"},
		{says: "a table of the engine", send: "GET /records/_history", status: 404, code: "record.unknown_object"},
		// Cursors.
		{says: "a cursor of noise", send: list("cursor", "garbage"), status: 400, code: "list.bad_cursor"},
		{says: "a cursor that is no base64", send: list("cursor", "%%%"), status: 400, code: "list.bad_cursor"},
		{says: "a long cursor", send: list("cursor", strings.Repeat("A", 8000)), status: 400, code: "list.bad_cursor"},
		{says: "a cursor for the history", send: "GET /records/user/" + w.admin.en.id + "/history?cursor=AAAA", status: 400, code: "list.bad_cursor"},
		{says: "a cursor for the bin", send: "GET /bin/account?cursor=AAAA", status: 400, code: "list.bad_cursor"},
		{says: "a cursor for revisions", send: "GET /metadata/revisions?cursor=x", status: 400, code: "api.bad_parameter"},
		{says: "a cursor for jobs", send: "GET /jobs?cursor=x", status: 400, code: "list.bad_cursor"},
		// Aggregations.
		{says: "a group by nothing", send: aggregate, body: object{"group": []object{{"field": "amuont"}}}, status: 422, code: "list.unknown_field"},
		{says: "a bucket that is none", send: aggregate, body: object{"group": []object{{"field": "close_date", "by": "fortnight"}}}, status: 422, code: "list.bad_group"},
		{says: "a bucket of nothing", send: aggregate, body: object{"group": []object{{"field": "amount", "by": 0}}}, status: 422, code: "list.bad_group"},
		{says: "a bucket below nothing", send: aggregate, body: object{"group": []object{{"field": "amount", "by": -1}}}, status: 422, code: "list.bad_group"},
		{says: "a bucket beyond all numbers", send: aggregate, body: object{"group": []object{{"field": "amount", "by": json.Number("1e300")}}}, status: 422, code: "list.bad_group"},
		{says: "many groups", send: aggregate, body: object{"group": []object{{"field": "name"}, {"field": "stage"}, {"field": "amount"}, {"field": "type"}, {"field": "source"}, {"field": "id"}}}, status: 422, code: "list.too_many_keys"},
		{says: "a measure that is none", send: aggregate, body: object{"measures": []object{{"op": "mode", "field": "amount"}}}, status: 422, code: "list.bad_measure"},
		{says: "a sum of texts", send: aggregate, body: object{"measures": []object{{"op": "sum", "field": "name"}}}, status: 422, code: "list.bad_measure"},
		{says: "a name twice", send: aggregate, body: object{"measures": []object{{"op": "count"}, {"op": "count"}}}, status: 422, code: "list.name_twice"},
		{says: "a sort by what is not there", send: aggregate, body: object{"sort": []string{"amount"}}, status: 422, code: "list.unknown_sort"},
		{says: "groups without end", send: aggregate, body: object{"limit": 1_000_000}, status: 422, code: "list.bad_limit"},
		{says: "a costly filter", send: aggregate, body: object{"filter": repeated(`amount==%d`, "||", 300)}, status: 422, code: "list.too_costly"},
		// Others.
		{says: "search in what is not there", send: "GET /search?q=x&objects=accounts", status: 404, code: "record.unknown_object"},
		{says: "an export of a format that is none", send: "GET /exports/account?format=../csv", status: 422, code: "import.unknown_format"},
		{says: "an export with a bad filter", send: "GET /exports/account?filter=nme", status: 422, code: "list.bad_filter"},
		{says: "an export of an unknown field", send: "GET /exports/account?fields=nme", status: 422, code: "list.unknown_field"},
	} {
		w.refuse(t, r)
	}
}

// A cursor belongs to one query, and gives nobody more than they may see.
func TestCursorsOfOthers(t *testing.T) {
	w := theWorld(t)
	admin, rep := w.admin.en, w.rep.en
	for i := range 5 {
		admin.create(t, "competitor", object{"name": fmt.Sprint("Cursor ", i)})
		admin.create(t, "account", object{"name": fmt.Sprint("Cursor of admin ", i)})
	}
	mine := rep.create(t, "account", object{"name": "Cursor of rep"})
	page := admin.must(t, 200, "GET", "/records/account?limit=1&sort=name&filter="+url.QueryEscape(`name startsWith "Cursor"`), nil)
	cursor := page["next"].(string)
	for _, path := range []string{
		"/records/account?limit=1&sort=-name&filter=" + url.QueryEscape(`name startsWith "Cursor"`),
		"/records/account?limit=1&sort=name",
		"/records/competitor?limit=1&sort=name&filter=" + url.QueryEscape(`name startsWith "Cursor"`),
		"/bin/account?limit=1",
	} {
		problem(t, admin.do(t, "GET", path+"&cursor="+cursor, nil), 400, "list.bad_cursor", "en")
	}
	// The same query of another user: what is theirs, no more.
	found := rep.must(t, 200, "GET", "/records/account?limit=100&sort=name&filter="+url.QueryEscape(`name startsWith "Cursor"`)+"&cursor="+cursor, nil)
	for _, item := range found["items"].([]any) {
		if id := item.(object)["id"]; id != mine {
			t.Errorf("sees %v", item)
		}
	}
}

// What takes a long text and a nasty pattern is answered at once, whatever it says.
func TestNothingTakesLong(t *testing.T) {
	w := theWorld(t)
	admin := w.admin.en
	long := strings.Repeat("a", 90_000) + "!"
	admin.apply(t, object{"kind": "object", "name": "patterned", "label": "Patterned", "name_field": "name", "visibility": "private", "search": []string{"body"},
		"fields": object{"name": object{"type": "text", "max_length": 10000, "pattern": "(a+)+$"}, "body": object{"type": "long_text"}},
		"rules":  object{"not_nasty": object{"must": `not (body matches "^(a|a)*(a|aa)+$")`, "message": "No."}}})
	began := time.Now()
	problem(t, admin.do(t, "POST", "/records/patterned", object{"name": strings.Repeat("a", 9999) + "!"}), 422, "record.invalid", "en")
	admin.create(t, "patterned", object{"name": "aaa", "body": long})
	for _, path := range []string{
		"/records/patterned?q=" + url.QueryEscape(strings.Repeat("a ", 2000)),
		"/records/patterned?q=" + url.QueryEscape(strings.Repeat("文", 800)),
		"/records/patterned?filter=" + url.QueryEscape(`body contains "`+strings.Repeat("a", 1000)+`b"`),
		"/records/patterned?filter=" + url.QueryEscape(`body contains "%_%_%_%_%_%_%_%_%_%_%_%_%_%_%_%_b"`),
		"/search?q=" + url.QueryEscape(strings.Repeat("a* ", 1000)),
	} {
		if a := admin.do(t, "GET", path, nil); a.status != 200 {
			t.Errorf("%.60s: %v", path, a)
		}
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
}
