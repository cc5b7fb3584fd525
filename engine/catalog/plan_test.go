package catalog

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"formwork/engine/fault"
	"formwork/metadata"
)

// basePackage is the base documents as a package.
func basePackage(t testing.TB, version string, more ...string) metadata.PackageSet {
	t.Helper()
	bodies := []json.RawMessage{json.RawMessage(`{"kind":"package","name":"base","version":"` + version + `"}`)}
	for _, d := range more {
		bodies = append(bodies, json.RawMessage(d))
	}
	return metadata.PackageSet{Package: metadata.Package{Head: metadata.Head{Kind: "package", Name: "base"}, Version: version},
		Documents: metadata.Effective(readBase(t), documents(t, bodies))}
}

// Cases are records, documents, and what they do to the records.
func TestImpact(t *testing.T) {
	type impact struct {
		Class   string `json:"class"`
		Path    string `json:"path"`
		Code    string `json:"code"`
		Records *int64 `json:"records"`
	}
	type testCase struct {
		Name      string                      `json:"name"`
		Before    []json.RawMessage           `json:"before"` // applied before the records are made
		Records   map[string][]map[string]any `json:"records"`
		Documents []json.RawMessage           `json:"documents"`
		Delete    []metadata.Key              `json:"delete"`
		Impact    []impact                    `json:"impact"`
		Jobs      []string                    `json:"jobs"`
	}
	raw, err := os.ReadFile(filepath.Join("testdata", "impact.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []testCase
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			h := newHouse(t, basePackage(t, "1.0.0"))
			if len(c.Before) > 0 {
				h.apply(Change{Documents: c.Before})
			}
			for _, object := range byName(c.Records) {
				for _, r := range c.Records[object] {
					h.insert(object, stored(t, h.snapshot().Objects[object], r))
				}
			}
			h.settle()
			asked := Change{Documents: c.Documents, Delete: c.Delete}
			plan, err := h.catalog.Plan(t.Context(), h.tenant, asked)
			if err != nil {
				t.Fatal(err)
			}
			if len(plan.Problems) > 0 {
				t.Fatal(plan.Problems)
			}
			var got []impact
			for _, i := range plan.Impact {
				got = append(got, impact{Class: i.Class, Path: i.Path, Code: i.Notice.Code, Records: i.Records})
				if i.Partial {
					t.Errorf("%s was cut off", i.Path)
				}
				if i.Class == Destructive {
					asked.Allow = append(asked.Allow, i.Path)
				}
			}
			a, _ := json.MarshalIndent(got, "", " ")
			b, _ := json.MarshalIndent(c.Impact, "", " ")
			if string(a) != string(b) {
				t.Errorf("got %s\nwant %s", a, b)
			}
			if s := h.snapshot(); s.Revision > 2 {
				t.Errorf("planning made revision %d", s.Revision)
			}
			if len(asked.Allow) > 0 {
				refused := asked
				refused.Allow = nil
				_, err := h.catalog.Apply(t.Context(), h.tenant, refused, 7)
				if !fault.Is(err, "catalog.destructive") || fault.KindOf(err) != fault.Invalid {
					t.Errorf("destroying without naming: %v", err)
				}
				for _, f := range fault.From(err).Errors {
					if f.Pointer != "/"+f.Params["path"].(string) || f.Params["records"] == nil && f.Code != "catalog.locks_out" || !slices.Contains(asked.Allow, f.Params["path"].(string)) {
						t.Errorf("it does not say what is destroyed: %+v", f)
					}
				}
			}
			h.apply(asked)
			if jobs := slices.DeleteFunc(h.jobs(), func(j string) bool { return j == "purge  []" }); !slices.Equal(jobs, c.Jobs) {
				t.Errorf("enqueued %q, want %q", jobs, c.Jobs)
			}
		})
	}
}

// stored reads a record as the API shows it into stored values.
func stored(t *testing.T, o *Object, shown map[string]any) map[string]any {
	t.Helper()
	values := map[string]any{}
	for name, v := range shown {
		f, ok := o.Field(name)
		if !ok {
			t.Fatalf("%s has no field %s", o.Doc.Name, name)
		}
		if n, ok := v.(float64); ok {
			v = json.Number(fmt.Sprint(n))
		}
		s, problem := f.Value.Coerce(v)
		if problem != nil {
			t.Fatal(problem)
		}
		values[name] = s
	}
	return values
}
