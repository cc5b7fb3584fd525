package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"formwork/engine/demo"
)

// Recipe says what is measured: the records, and which fields the operations use. The
// code knows no object.
type Recipe struct {
	// Data makes the records; the first of the people is the one who measures.
	Data json.RawMessage `json:"data"`
	// Object is what is measured; the last step makes its records.
	Object string `json:"object"`
	// Create and Update are what is sent; {{n}} is a text that is new in each request.
	Create json.RawMessage `json:"create"`
	Update json.RawMessage `json:"update"`
	// A list: records whose field Equal has one of Values, sorted by Sort, at most Limit.
	Equal  string   `json:"equal"`
	Values []string `json:"values"`
	Sort   string   `json:"sort"` // "-amount" descends
	Limit  int      `json:"limit"`
	Terms  []string `json:"terms"` // of searches
	// An aggregation: the number of records and the sum of Sum by Group.
	Group string `json:"group"`
	Sum   string `json:"sum"`
	// Field and Table are documents: one that adds a field to Object, one that adds an
	// object. Record is a record that the second takes.
	Field  json.RawMessage `json:"field"`
	Table  json.RawMessage `json:"table"`
	Record json.RawMessage `json:"record"`

	data *demo.Recipe
}

// Parse reads a recipe.
func Parse(raw []byte) (*Recipe, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	var r Recipe
	if err := decoder.Decode(&r); err != nil {
		return nil, fmt.Errorf("reading what to measure: %w", err)
	}
	var err error
	if r.data, err = demo.Parse(r.Data); err != nil {
		return nil, err
	}
	if len(r.data.People) < 2 || len(r.Values) == 0 || len(r.Terms) == 0 || r.Limit < 1 {
		return nil, fmt.Errorf("reading what to measure: it needs two people, values, terms and a limit")
	}
	return &r, nil
}

// operation is what many requests do, as texts with the places {{id}}, {{n}},
// {{value}} and {{term}} for what differs.
type operation struct {
	method, path, body string
}

// Names of operations, as the harness for other products calls them.
const (
	opRead      = "read"
	opList      = "list_nototal"
	opTotal     = "list"
	opSearch    = "search"
	opOwnGroups = "aggregate_own"
	opAllGroups = "aggregate"
	opUpdate    = "update"
	opCreate    = "create"
)

func (r *Recipe) address() string { return "/api/v1/records/" + r.Object }

// operations are the requests of each operation.
func (r *Recipe) operations() map[string]operation {
	list := r.listing("")
	groups := operation{"POST", r.address() + "/aggregate", fmt.Sprintf(`{"group":[{"field":%q}],"measures":[{"op":"count"},{"op":"sum","field":%q}]}`, r.Group, r.Sum)}
	return map[string]operation{
		opRead:      {"GET", r.address() + "/{{id}}", ""},
		opList:      {"GET", list, ""},
		opTotal:     {"GET", list + "&count=true", ""},
		opSearch:    {"GET", r.address() + "?q={{term}}&limit=" + strconv.Itoa(r.Limit), ""},
		opOwnGroups: groups,
		opAllGroups: groups,
		opUpdate:    {"PATCH", r.address() + "/{{id}}", string(r.Update)},
		opCreate:    {"POST", r.address(), string(r.Create)},
	}
}

// listing is the address of the list; of somebody's records if an owner is named.
func (r *Recipe) listing(owner string) string {
	filter := r.Equal + ` == "`
	escaped := url.QueryEscape(filter) + "{{value}}" + url.QueryEscape(`"`)
	if owner != "" {
		escaped += url.QueryEscape(` and owner == "` + owner + `"`)
	}
	return r.address() + "?filter=" + escaped + "&sort=" + url.QueryEscape(r.Sort) + "&limit=" + strconv.Itoa(r.Limit)
}

// filler fills the places of an operation. Numbers choose the values, so that two
// runs send the same.
type filler struct {
	recipe *Recipe
	ids    []string
	run    string
}

func (f *filler) fill(o operation) func(n int) request {
	return func(n int) request {
		// Steps of a large prime go through ids and values in no order.
		at := n * 7_919
		replace := strings.NewReplacer("{{id}}", f.ids[at%len(f.ids)], "{{n}}", f.run+strconv.Itoa(n),
			"{{value}}", f.recipe.Values[n%len(f.recipe.Values)], "{{term}}", f.recipe.Terms[n%len(f.recipe.Terms)])
		r := request{method: o.method, path: replace.Replace(o.path)}
		if o.body != "" {
			r.body = []byte(replace.Replace(o.body))
		}
		return r
	}
}
