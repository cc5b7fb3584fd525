package catalog

import (
	"encoding/json"
	"strings"
	"testing"

	"formwork/metadata"
)

// problemsOf are what a build of the base with a document tells, as "pointer code".
func problemsOf(t *testing.T, documentsMore ...string) string {
	t.Helper()
	var bodies []json.RawMessage
	for _, d := range documentsMore {
		bodies = append(bodies, json.RawMessage(d))
	}
	_, problems := Build(t.Context(), standardTypes(), NewKinds(StandardKinds()...), 1, metadata.Effective(readBase(t), documents(t, bodies)))
	var said []string
	for _, f := range problems {
		said = append(said, f.Pointer+" "+f.Code)
	}
	return strings.Join(said, "\n")
}

// Ways of a view name fields that hold what they need.
func TestWaysOfViews(t *testing.T) {
	cases := []struct{ name, view, want string }{
		{"a calendar of a date", `"show":"calendar","start":"due"`, ""},
		{"an instant for both", `"show":"timeline","start":"created_at","end":"updated_at"`, ""},
		{"without a start it is a column", `"show":"calendar"`, ""},
		{"a start that is no date", `"show":"calendar","start":"name"`, "/view/way/start catalog.not_a_date"},
		{"an end that is not there", `"show":"timeline","start":"due","end":"dew"`, "/view/way/end catalog.unknown_field"},
		{"a day and an instant", `"show":"timeline","start":"due","end":"created_at"`, "/view/way/end catalog.period_mixed"},
		{"a picture that is a text", `"show":"gallery","picture":"name"`, "/view/way/picture catalog.not_a_picture"},
		{"a chart by months", `"show":"chart","group":"due","by":"month","chart":"line","sum":["amount"]`, ""},
		{"a chart by months of texts", `"show":"chart","group":"stage","by":"month"`, "/view/way/by catalog.not_a_date"},
		{"a chart that nobody draws", `"show":"chart","group":"stage","chart":"radar"`, "/view/way/chart schema.enum"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := problemsOf(t, `{"kind":"view","name":"way","object":"deal","columns":["name","due"],`+c.view+`}`); got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
		})
	}
}

// A widget is checked as a view is, and its records are lists for which indexes are made.
func TestDashboards(t *testing.T) {
	cases := []struct{ name, widget, want string }{
		{"a list", `"type":"list","object":"deal","filter":"owner == user.id","columns":["name","account.name"],"sort":["-due"],"limit":3`, ""},
		{"a number of records", `"type":"number","object":"deal"`, ""},
		{"a chart", `"type":"chart","object":"deal","group":"due","by":"month","sum":["amount"],"chart":"bar"`, ""},
		{"what the reader opened last", `"type":"recent","limit":10`, ""},
		{"what changed, of one object", `"type":"changes","object":"deal"`, "/dashboard/day/widgets/one/object schema.unknown_property"},
		{"a list of nothing", `"type":"list","columns":["name"]`, "/dashboard/day/widgets/one/object schema.required"},
		{"a list without columns", `"type":"list","object":"deal"`, "/dashboard/day/widgets/one/columns schema.required"},
		{"a chart without a group", `"type":"chart","object":"deal"`, "/dashboard/day/widgets/one/group schema.required"},
		{"an object that is not there", `"type":"number","object":"deel"`, "/dashboard/day/widgets/one/object catalog.unknown_document_near"},
		{"a column that is not there", `"type":"list","object":"deal","columns":["nam"]`, "/dashboard/day/widgets/one/columns/0 catalog.unknown_field_near"},
		{"a filter that can't run", `"type":"number","object":"deal","filter":"industry == \"x\""`, "/dashboard/day/widgets/one/filter expression.not_queryable"},
		{"a text that is added up", `"type":"number","object":"deal","sum":["name"]`, "/dashboard/day/widgets/one/sum/0 catalog.not_summable"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := problemsOf(t, `{"kind":"dashboard","name":"day","widgets":{"one":{`+c.widget+`}}}`); got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
		})
	}
	s := buildBase(t, `{"kind":"dashboard","name":"day","widgets":{"late":{"type":"number","object":"deal","filter":"due < today()","order":2},"first":{"type":"list","object":"account","columns":["name"],"order":1}}}`)
	var sources []string
	for _, l := range (dashboardKind{}).Lists(s) {
		sources = append(sources, l.Source)
	}
	if got := strings.Join(sources, " "); got != "dashboard/day/widgets/first dashboard/day/widgets/late" {
		t.Errorf("the lists are %s", got)
	}
}
