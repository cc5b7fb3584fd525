package record_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"formwork/engine/catalog"
	"formwork/engine/enginetest"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/metadata"
)

// taxes is a configuration with two objects whose records are documents, and one whose
// records refer to them.
var taxes = []string{
	`{"kind":"object","name":"region","label":"Region","name_field":"code","configuration":true,"visibility":"read","fields":{
		"code":{"type":"text","unique":true,"required":true},"within":{"type":"lookup","object":"region"}}}`,
	`{"kind":"object","name":"tax_rate","label":"Tax rate","name_field":"name","configuration":true,"visibility":"read","fields":{
		"name":{"type":"text","required":true},"rate":{"type":"percent"},"region":{"type":"lookup","object":"region","on_delete":"restrict"},"note":{"type":"text","default":"none"},
		"factor":{"type":"formula","result":"number","scale":2,"expression":"1 + rate / 100"},
		"bills":{"type":"rollup","op":"count","object":"bill","lookup":"tax"}},
		"rules":{"positive":{"must":"rate >= 0","message":"No negative rates."}}}`,
	`{"kind":"object","name":"bill","label":"Bill","name_field":"name","visibility":"write","fields":{
		"name":{"type":"text"},"net":{"type":"currency"},"tax":{"type":"lookup","object":"tax_rate"},
		"gross":{"type":"formula","result":"currency","expression":"net * tax.factor"}}}`,
	`{"kind":"record","name":"a_country","object":"region","values":{"code":"DE","within":"z_union"}}`,
	`{"kind":"record","name":"z_union","object":"region","values":{"code":"EU"}}`,
	`{"kind":"record","name":"full","object":"tax_rate","values":{"name":"Full","rate":19,"region":"a_country"}}`,
	`{"kind":"record","name":"reduced","object":"tax_rate","values":{"name":"Reduced","rate":7}}`,
}

func rateID(name string) id.ID { return id.Named("record/tax_rate/" + name) }

// change applies a change, which must be refused with a code, "" for none.
func change(t *testing.T, main *enginetest.Tenant, c catalog.Change, want string) {
	t.Helper()
	_, err := main.Catalog.Apply(t.Context(), main.Tenant, c, 0)
	if code := codeOf(err); code != want {
		t.Fatalf("applied with %v, want %q", err, want)
	}
}

func codeOf(err error) string {
	if err == nil {
		return ""
	}
	return fault.From(err).Code
}

func shownOf(t *testing.T, s *record.Session, object string, key id.ID, fields ...string) string {
	t.Helper()
	r, err := s.Get(t.Context(), object, key, fields)
	if err != nil {
		return codeOf(err)
	}
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(raw), ",")
	return "{" + shown
}

// Records of the configuration are there with their revision, under ids that stay, and are
// used as all records are; they change with their documents.
func TestConfigurationRecords(t *testing.T) {
	main := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	main.Apply(taxes...)
	first := main.Snapshot().Revision
	caller := main.CallerWith("a@example.com", "admin")
	bill := main.Create("bill", map[string]any{"name": "B", "net": json.Number("100"), "tax": rateID("full").String()})
	check := func(when string, want ...string) {
		t.Helper()
		s := main.As(caller)
		page, err := s.List(t.Context(), "bill", record.ListQuery{Filter: `tax.region.within.code == "EU"`})
		if err != nil {
			t.Fatal(err)
		}
		got := []string{shownOf(t, s, "tax_rate", rateID("full"), "rate", "note", "region.code", "factor", "bills", "version"), shownOf(t, s, "bill", bill, "gross", "tax"), fmt.Sprint(len(page.Items))}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", when, got, want)
		}
	}
	full := `"tax":"` + rateID("full").String() + `"`
	check("published", `{"rate":19.00,"note":null,"region.code":"DE","factor":1.19,"bills":1,"version":1}`, `{"gross":119.00,`+full+`}`, "1")
	main.Apply(`{"kind":"record","name":"full","object":"tax_rate","values":{"name":"Full","rate":20,"note":"new","region":"a_country"}}`)
	check("changed", `{"rate":20.00,"note":"new","region.code":"DE","factor":1.20,"bills":1,"version":2}`, `{"gross":120.00,`+full+`}`, "1")
	if got := shownOf(t, main.As(caller), "tax_rate", rateID("reduced"), "rate", "version"); got != `{"rate":7.00,"version":1}` {
		t.Errorf("one whose document is the same: %s", got)
	}

	remove := catalog.Change{Delete: []metadata.Key{{Kind: "record", Name: "full"}, {Kind: "record", Name: "reduced"}}}
	plan, err := main.Catalog.Plan(t.Context(), main.Tenant, remove)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, i := range plan.Impact {
		told = append(told, fmt.Sprint(i.Class, " ", i.Path, " ", i.Notice.Code, " ", *i.Records))
	}
	if want := []string{"destructive record/full/bill/tax catalog.removes_record 1"}; !slices.Equal(told, want) {
		t.Errorf("planned %q", told)
	}
	change(t, main, remove, "catalog.destructive")
	remove.Allow = []string{"record/full/*"}
	change(t, main, remove, "")
	if got := shownOf(t, main.As(caller), "bill", bill, "gross", "tax"); got != `{"gross":null,"tax":null}` {
		t.Errorf("what referred to one that went: %s", got)
	}
	if got := shownOf(t, main.As(caller), "tax_rate", rateID("full")); got != "record.not_found" {
		t.Errorf("one that went: %s", got)
	}
	if bin, err := main.System().Bin(t.Context(), "tax_rate", record.BinQuery{Limit: 10}); err != nil || len(bin.Items) > 0 {
		t.Errorf("the bin holds %v, %v", bin, err)
	}
	if _, err := main.Catalog.Rollback(t.Context(), main.Tenant, catalog.Restoration{To: first}, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := main.System().Update(t.Context(), "bill", bill, map[string]any{"tax": rateID("full").String()}, 0); err != nil {
		t.Fatal(err)
	}
	check("rolled back", `{"rate":19.00,"note":null,"region.code":"DE","factor":1.19,"bills":1,"version":1}`, `{"gross":119.00,`+full+`}`, "1")
}

// Nobody writes them but the configuration.
func TestConfigurationRecordsAreReadOnly(t *testing.T) {
	main := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	main.Apply(taxes...)
	key, data := rateID("full"), map[string]any{"name": "X"}
	admin := main.CallerWith("a@example.com", "admin")
	for who, s := range map[string]*record.Session{"an administrator": main.As(admin), "the platform": main.System()} {
		outcomes, err := s.Bulk(t.Context(), "tax_rate", []record.Operation{{Op: "create", Data: data}, {Op: "update", ID: key, Data: data}, {Op: "delete", ID: key}}, false)
		if err != nil {
			t.Fatal(err)
		}
		errs := map[string]error{}
		for i, o := range outcomes {
			errs[fmt.Sprint("bulk ", i)] = o.Fault
		}
		_, errs["create"] = s.Create(t.Context(), "tax_rate", data)
		_, errs["update"] = s.Update(t.Context(), "tax_rate", key, data, 0)
		errs["delete"] = s.Delete(t.Context(), "tax_rate", key, 0)
		_, errs["restore"] = s.Restore(t.Context(), "tax_rate", key)
		_, errs["merge"] = s.Merge(t.Context(), "tax_rate", key, []id.ID{rateID("reduced")}, nil)
		explained, err := s.Explain(t.Context(), record.Question{Who: admin, Object: "tax_rate", Action: policy.Update, ID: key, Active: true})
		if err != nil || explained.Allowed || len(explained.Grants) > 0 {
			t.Errorf("that an administrator may write it is explained as %+v, %v", explained, err)
		}
		for what, err := range errs {
			if codeOf(err) != "record.configuration" {
				t.Errorf("%s by %s: %v", what, who, err)
			}
		}
	}
}

// What is wrong with a record is told by plan, where it is wrong.
func TestConfigurationRecordsAreChecked(t *testing.T) {
	main := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	main.Apply(taxes...)
	for document, want := range map[string]string{
		`{"kind":"record","name":"x","object":"bill","values":{"name":"X"}}`:                                    "catalog.no_configuration /record/x/object",
		`{"kind":"record","name":"x","object":"tax_rat","values":{}}`:                                           "catalog.unknown_document_near /record/x/object",
		`{"kind":"record","name":"x","object":"tax_rate","values":{"name":"X","rat":1}}`:                        "catalog.unknown_field_near /record/x/values/rat",
		`{"kind":"record","name":"x","object":"tax_rate","values":{"name":"X","rate":"y"}}`:                     "field.not_a_number /record/x/values/rate",
		`{"kind":"record","name":"x","object":"tax_rate","values":{"name":"X","factor":2}}`:                     "catalog.record_field /record/x/values/factor",
		`{"kind":"record","name":"x","object":"tax_rate","values":{"rate":1}}`:                                  "record.required /record/x/values/name",
		`{"kind":"record","name":"x","object":"tax_rate","values":{"name":"X","rate":-1}}`:                      "record.rule /record/x/values",
		`{"kind":"record","name":"x","object":"tax_rate","values":{"name":"X","rate":1,"region":"z_unio"}}`:     "catalog.unknown_document_near /record/x/values/region",
		`{"kind":"record","name":"x","object":"tax_rate","values":{"name":"X","rate":1,"region":"full"}}`:       "catalog.record_of_other /record/x/values/region",
		`{"kind":"record","name":"x","object":"region","values":{"code":"eu"}}`:                                 "catalog.record_twice /record/z_union/values",
		`{"kind":"record","name":"z_union","object":"region","values":{"code":"EU","within":"a_country"}}`:      "catalog.cycle /record/a_country",
		`{"kind":"object","name":"user","configuration":true}`:                                                  "catalog.never_configuration /object/user/configuration",
		`{"kind":"object","name":"tax_rate","label":"T","name_field":"name","fields":{"name":{"type":"text"}}}`: "catalog.no_configuration /record/full/object",
	} {
		plan, err := main.Catalog.Plan(t.Context(), main.Tenant, catalog.Change{Documents: []json.RawMessage{json.RawMessage(document)}})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range plan.Problems {
			got = append(got, p.Code+" "+p.Pointer)
		}
		if !slices.Contains(got, want) {
			t.Errorf("%s: %v, want %s", document, got, want)
		}
	}
	main.Apply(`{"kind":"object","name":"unit","label":"U","name_field":"code","configuration":true,"fields":{"code":{"type":"text","unique":true,"case_sensitive":true}}}`,
		`{"kind":"record","name":"mega","object":"unit","values":{"code":"M"}}`, `{"kind":"record","name":"metre","object":"unit","values":{"code":"m"}}`)
	change(t, main, catalog.Change{Delete: []metadata.Key{{Kind: "record", Name: "z_union"}}}, "catalog.invalid")
	// What needs the store to be told refuses the revision, with the place in the document.
	change(t, main, catalog.Change{Merge: true, Documents: []json.RawMessage{json.RawMessage(`{"kind":"object","name":"tax_rate","rules":{"known":{"must":"region.code != \"XX\"","message":"No."}}}`)}}, "")
	_, err := main.Catalog.Apply(t.Context(), main.Tenant, catalog.Change{Documents: []json.RawMessage{
		json.RawMessage(`{"kind":"record","name":"xx","object":"region","values":{"code":"XX"}}`),
		json.RawMessage(`{"kind":"record","name":"x","object":"tax_rate","values":{"name":"X","rate":1,"region":"xx"}}`)}}, 0)
	if f := fault.From(err); err == nil || f.Code != "record.invalid" || f.Errors[0].Pointer != "/record/x/values" || main.Snapshot().Documents[metadata.Key{Kind: "record", Name: "x"}].Body != nil {
		t.Errorf("a rule over another record: %v", err)
	}
}

// An object that becomes one of the configuration loses the records that it had, which has
// to be named.
func TestRecordsBecomeConfiguration(t *testing.T) {
	main := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	main.Apply(taxes...)
	bill := main.Create("bill", map[string]any{"name": "B"})
	becomes := catalog.Change{Documents: []json.RawMessage{json.RawMessage(`{"kind":"object","name":"bill","configuration":true}`)}, Merge: true}
	change(t, main, becomes, "catalog.destructive")
	becomes.Allow = []string{"object/bill/configuration"}
	change(t, main, becomes, "")
	if got := shownOf(t, main.System(), "bill", bill); got != "record.not_found" {
		t.Errorf("a record that was there: %s", got)
	}
}

// A package brings records; what a tenant says of one stays when a new version changes it.
func TestPackagesBringRecords(t *testing.T) {
	main := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	install := func(version, rate, note string) {
		t.Helper()
		var documents []metadata.Document
		for _, body := range append([]string{`{"kind":"package","name":"taxes","label":"Taxes","version":"` + version + `"}`,
			`{"kind":"record","name":"packed","object":"tax_rate","values":{"name":"Packed","rate":` + rate + `,"note":"` + note + `"}}`}, taxes...) {
			d, problems := metadata.Parse([]byte(body))
			if problems != nil {
				t.Fatal(problems)
			}
			documents = append(documents, d)
		}
		set, problems := metadata.PackageOf(documents)
		if problems != nil {
			t.Fatal(problems)
		}
		if _, err := main.Catalog.Upgrade(t.Context(), main.Tenant, catalog.Upgrade{Sets: []metadata.PackageSet{set}}, 0); err != nil {
			t.Fatal(err)
		}
	}
	check := func(when, want string) {
		t.Helper()
		if got := shownOf(t, main.System(), "tax_rate", rateID("packed"), "rate", "note"); got != want {
			t.Errorf("%s: %s, want %s", when, got, want)
		}
	}
	install("1.0.0", "19", "old")
	check("installed", `{"rate":19.00,"note":"old"}`)
	main.Apply(`{"kind":"record","name":"packed","values":{"rate":20}}`)
	check("overlaid", `{"rate":20.00,"note":"old"}`)
	install("2.0.0", "19", "new")
	check("upgraded", `{"rate":20.00,"note":"new"}`)
	change(t, main, catalog.Change{Hide: []metadata.Key{{Kind: "record", Name: "packed"}}}, "")
	check("hidden", "record.not_found")
}
