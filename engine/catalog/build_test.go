package catalog

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"formwork/engine/fault"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"formwork/engine/store"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
	"formwork/metadata/packages"
	"formwork/metadata/schema"
)

func standardTypes() *fieldtype.Registry { return fieldtype.NewRegistry(fieldtype.Standard(nil)...) }

func standardLanguage() language {
	kinds := NewKinds(StandardKinds()...)
	return language{types: standardTypes(), kinds: kinds, schemas: schema.New(standardTypes(), kinds.All())}
}

// standardPackages are those that come along, but for documents of kinds that rooms above this one have.
func standardPackages() []metadata.PackageSet {
	own := NewKinds(StandardKinds()...)
	sets := packages.All()
	for i := range sets {
		sets[i].Documents = slices.DeleteFunc(sets[i].Documents, func(d metadata.Document) bool { return own.byName[d.Kind] == nil })
	}
	return sets
}

func standardDocuments() []metadata.Document {
	var layers [][]metadata.Document
	for _, set := range standardPackages() {
		layers = append(layers, set.Documents)
	}
	return metadata.Effective(layers...)
}

func TestStandardPackagesBuild(t *testing.T) {
	s, problems := Build(context.Background(), standardTypes(), NewKinds(StandardKinds()...), 1, standardDocuments())
	for _, p := range problems {
		t.Error(p)
	}
	if s == nil {
		return
	}
	for _, name := range byName(s.Objects) {
		for _, i := range s.Indexes[name] {
			t.Log(name, i.Unique, i.Name)
		}
	}
}

// readBase reads the documents that test cases build on.
func readBase(t testing.TB) []metadata.Document {
	t.Helper()
	raw, err := os.ReadFile("testdata/base.json")
	if err != nil {
		t.Fatal(err)
	}
	var bodies []json.RawMessage
	if err := json.Unmarshal(raw, &bodies); err != nil {
		t.Fatal(err)
	}
	return documents(t, bodies)
}

func documents(t testing.TB, bodies []json.RawMessage) []metadata.Document {
	t.Helper()
	var all []metadata.Document
	for _, body := range bodies {
		d, problems := metadata.Parse(body)
		if problems != nil {
			t.Fatal(problems)
		}
		all = append(all, d)
	}
	return all
}

// Cases are documents laid over the base, and every problem that must be told.
func TestProblems(t *testing.T) {
	type problem struct {
		Pointer    string `json:"pointer"`
		Code       string `json:"code"`
		Column     int    `json:"column"`
		Suggestion string `json:"suggestion"`
		Param      string `json:"param"` // some parameter of the text
	}
	files, err := filepath.Glob("testdata/problems/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var c struct {
				Comment   string
				Documents []json.RawMessage
				Problems  []problem
			}
			decoder := json.NewDecoder(bytes.NewReader(raw))
			decoder.DisallowUnknownFields()
			if err := decoder.Decode(&c); err != nil {
				t.Fatal(err)
			}
			effective := metadata.Effective(readBase(t), documents(t, c.Documents))
			s, problems := Build(t.Context(), standardTypes(), NewKinds(StandardKinds()...), 1, effective)
			if (s == nil) != (len(problems) > 0) {
				t.Errorf("a snapshot and %d problems", len(problems))
			}
			var got []problem
			for _, f := range problems {
				p := problem{Pointer: f.Pointer, Code: f.Code}
				p.Column, _ = f.Params["column"].(int)
				p.Suggestion, _ = f.Params["suggestion"].(string)
				if !fault.Known(f.Code) || strings.Contains(f.Text("zh"), "{") {
					t.Errorf("%s: %s reads %q", f.Pointer, f.Code, f.Text("zh"))
				}
				p.Param, _ = f.Params["cycle"].(string)
				got = append(got, p)
			}
			if len(got) > 0 && len(c.Problems) == 0 {
				t.Error("expects no problems")
			}
			for i := range max(len(got), len(c.Problems)) {
				switch {
				case i >= len(got):
					t.Errorf("misses %+v", c.Problems[i])
				case i >= len(c.Problems):
					t.Errorf("has also %+v", got[i])
				default:
					if c.Problems[i].Param == "" {
						got[i].Param = ""
					}
					if got[i] != c.Problems[i] {
						t.Errorf("got  %+v\nwant %+v", got[i], c.Problems[i])
					}
				}
			}
		})
	}
}

// A table has room for the parts of so many addresses only.
func TestTooManyColumns(t *testing.T) {
	var fields []string
	for i := range 300 {
		fields = append(fields, fmt.Sprintf(`"a%d":{"type":"address"}`, i))
	}
	raw := json.RawMessage(`{"kind":"object","name":"far","name_field":"name","fields":{"name":{"type":"text"},` + strings.Join(fields, ",") + `}}`)
	_, problems := Build(t.Context(), standardTypes(), NewKinds(StandardKinds()...), 1, metadata.Effective(readBase(t), documents(t, []json.RawMessage{raw})))
	if len(problems) != 1 || problems[0].Code != "catalog.too_many_columns" || problems[0].Pointer != "/object/far/fields" {
		t.Errorf("got %v", problems)
	}
}

// However much is wrong, what is told can be read, and is the same each time.
func TestManyProblems(t *testing.T) {
	var bodies []json.RawMessage
	for i := range 300 {
		bodies = append(bodies, json.RawMessage(fmt.Sprintf(`{"kind":"role","name":"r%03d","parent":"nobody","a":1,"b":1,"c":1,"d":1,"e":1}`, i)))
	}
	for i := range maxRoleDepth + 1 {
		bodies = append(bodies, json.RawMessage(fmt.Sprintf(`{"kind":"role","name":"deep%d","parent":"deep%d"}`, i+1, i)))
	}
	bodies = append(bodies, json.RawMessage(`{"kind":"role","name":"deep0"}`))
	_, problems := Build(t.Context(), standardTypes(), NewKinds(StandardKinds()...), 1, documents(t, bodies))
	if n := len(problems); n != maxProblems+1 || problems[n-1].Code != "catalog.more_problems" {
		t.Fatalf("%d problems", n)
	}
	if first := problems[0]; first.Pointer != fmt.Sprintf("/role/deep%d/parent", maxRoleDepth) || first.Code != "catalog.role_depth" {
		t.Errorf("the first is %v", first)
	}
	if last := problems[maxProblems-1].Pointer; last < "/role/r1" || last > "/role/r2" {
		t.Errorf("they end at %s", last)
	}
}

// What filters bound is planned an index, but no long text.
func TestLongTextsAreInNoIndex(t *testing.T) {
	for max, indexed := range map[int]bool{100_000: true, 100_001: false} {
		body := fmt.Sprintf(`{"type":"long_text","max_length":%d}`, max)
		h := newHouse(t, basePackage(t, "1.0.0",
			`{"kind":"object","name":"paper","label":"Paper","name_field":"name","visibility":"read","fields":{"name":{"type":"text"},"body":`+body+`,"shelf":{"type":"lookup","object":"shelf"}}}`,
			`{"kind":"object","name":"shelf","label":"Shelf","name_field":"name","visibility":"read","fields":{"name":{"type":"text"},
				"late":{"type":"rollup","op":"count","object":"paper","lookup":"shelf","filter":"body > \"x\" and year(now()) > 2000"}}}`))
		s := h.snapshot()
		found := slices.ContainsFunc(s.Indexes["paper"], func(i store.Index) bool {
			return slices.ContainsFunc(i.Columns, func(c store.IndexColumn) bool { return c.Column == s.Objects["paper"].byName["body"].Column })
		})
		if found != indexed {
			t.Errorf("texts of %d characters: in an index %v", max, found)
		}
	}
}

// Records that refer to one are found by an index of all of them: a unique index leaves
// out those of which another column is empty.
func TestReferencesHaveWholeIndexes(t *testing.T) {
	s, problems := Build(context.Background(), standardTypes(), NewKinds(StandardKinds()...), 1, standardDocuments())
	if s == nil {
		t.Fatal(problems)
	}
	behindUnique := 0
	for _, name := range byName(s.Objects) {
		for _, f := range s.Objects[name].Fields {
			if _, refers := f.Value.(fieldtype.Refers); !refers || f.System {
				continue
			}
			whole := false
			for _, i := range s.Indexes[name] {
				begins := i.Columns[0].Column == f.Column
				whole = whole || begins && (!i.Unique || len(i.Columns) == 1)
				if begins && i.Unique && len(i.Columns) > 1 {
					behindUnique++
				}
			}
			if !whole {
				t.Errorf("%s.%s has no index", name, f.Name)
			}
		}
	}
	if behindUnique == 0 {
		t.Error("no unique key begins with a reference: this shows nothing")
	}
}
