package openapi_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"formwork/engine/api/openapi"
)

type (
	open   map[string]any
	record map[string]any

	inner struct {
		At   time.Time       `json:"at"`
		Next *inner          `json:"next,omitempty"`
		Raw  json.RawMessage `json:"raw"`
	}
	embedded struct {
		Name string `json:"name"`
	}
	everything struct {
		embedded
		ID      string            `json:"id" schema:"ID"`
		IDs     []string          `json:"ids,omitempty" schema:"ID"`
		Mode    *string           `json:"mode" enum:"a,b"`
		Rights  map[string]string `json:"rights" enum:"read,edit"`
		Count   int64             `json:"count"`
		Few     int               `json:"few,omitzero"`
		Inner   *inner            `json:"inner"`
		Any     any               `json:"any"`
		Number  json.Number       `json:"number"`
		Left    func()            `json:"-"`
		private int
	}
	saved struct {
		record
		Warnings []string `json:"warnings,omitempty"`
	}
	page[T any] struct {
		Items []T `json:"items"`
	}
	holder struct {
		Data record `json:"data"`
	}
)

func TestSchemas(t *testing.T) {
	_ = everything{}.private
	s := openapi.NewSchemas(map[reflect.Type]openapi.Schema{reflect.TypeFor[open](): {"type": "object"}},
		map[reflect.Type]string{reflect.TypeFor[inner](): "Within"},
		func(of reflect.Type, member string) string {
			return map[string]string{"everything.": "Says it all.", "embedded.name": "A name.", "everything.id": "An id."}[of.Name()+"."+member]
		})
	bound := s.Bind("thing", map[reflect.Type]openapi.Schema{reflect.TypeFor[record](): openapi.Reference("thing")})
	for _, of := range []reflect.Type{reflect.TypeFor[everything](), reflect.TypeFor[saved](), reflect.TypeFor[page[inner]](), reflect.TypeFor[page[holder]]()} {
		bound.Of(of)
	}
	for name, want := range map[string]string{
		"Within": `{"type":"object","required":["at","raw"],"properties":{"at":{"type":"string","format":"date-time"},"next":{"$ref":"#/components/schemas/Within"},"raw":{}}}`,
		"Everything": `{"type":"object","description":"Says it all.","required":["name","id","mode","rights","count","inner","any","number"],"properties":{
			"name":{"type":"string","description":"A name."},"id":{"$ref":"#/components/schemas/ID","description":"An id."},
			"ids":{"type":"array","items":{"$ref":"#/components/schemas/ID"}},"mode":{"type":["string","null"],"enum":["a","b",null]},
			"rights":{"type":"object","additionalProperties":{"type":"string","enum":["read","edit"]}},"count":{"type":"integer","format":"int64"},
			"few":{"type":"integer"},"inner":{"anyOf":[{"$ref":"#/components/schemas/Within"},{"type":"null"}]},"any":{},"number":{"type":"number"}}}`,
		"thing.saved":      `{"allOf":[{"$ref":"#/components/schemas/thing"},{"type":"object","properties":{"warnings":{"type":"array","items":{"type":"string"}}}}]}`,
		"thing.holder":     `{"type":"object","required":["data"],"properties":{"data":{"$ref":"#/components/schemas/thing"}}}`,
		"InnerPage":        `{"type":"object","required":["items"],"properties":{"items":{"type":"array","items":{"$ref":"#/components/schemas/Within"}}}}`,
		"thing.holderPage": `{"type":"object","required":["items"],"properties":{"items":{"type":"array","items":{"$ref":"#/components/schemas/thing.holder"}}}}`,
	} {
		raw, err := json.Marshal(s.Components()[name])
		if err != nil {
			t.Fatal(err)
		}
		var got, wanted any
		if json.Unmarshal(raw, &got) != nil || json.Unmarshal([]byte(want), &wanted) != nil || !reflect.DeepEqual(got, wanted) {
			t.Errorf("%s is\n%s, want\n%s", name, raw, want)
		}
	}
	if n := len(s.Components()); n != 6 {
		t.Errorf("%d components", n)
	}
}

// What is reached from a path stays, whatever is between.
func TestPrune(t *testing.T) {
	d := openapi.Document{
		Paths: map[string]openapi.Operations{"/": {"get": {
			Parameters: []openapi.Parameter{{Name: "id", Schema: openapi.Reference("ID")}},
			Body:       &openapi.Body{Content: openapi.Content{"application/json": {Schema: openapi.Reference("Sent")}}},
			Responses:  map[string]openapi.Response{"200": {Content: openapi.Content{"application/json": {Schema: openapi.Nullable(openapi.Reference("Answer"))}}}}}}},
		Components: openapi.Components{
			Responses: map[string]openapi.Response{"Problem": {Content: openapi.Content{"application/json": {Schema: openapi.Reference("Problem")}}}},
			Schemas: map[string]openapi.Schema{"ID": {}, "Sent": {"items": openapi.Reference("Sent")}, "Problem": {}, "Lonely": openapi.Reference("LonelyToo"), "LonelyToo": {},
				"Answer": {"properties": openapi.Schema{"a": openapi.Schema{"anyOf": []any{openapi.Reference("Deep")}}}}, "Deep": {}}},
	}
	d.Prune()
	if names := slices.Sorted(maps.Keys(d.Components.Schemas)); !slices.Equal(names, []string{"Answer", "Deep", "ID", "Problem", "Sent"}) {
		t.Errorf("%v are left", names)
	}
}

// Two types may not have one name, and every member needs one.
func TestWhatHasNoSchema(t *testing.T) {
	type nameless struct{ Field int }
	for what, c := range map[string]struct {
		of    reflect.Type
		names map[reflect.Type]string
	}{
		"would both be Within": {reflect.TypeFor[everything](), map[reflect.Type]string{reflect.TypeFor[everything](): "Within", reflect.TypeFor[inner](): "Within"}},
		"has no name in JSON":  {reflect.TypeFor[nameless](), nil},
		"without a name":       {reflect.TypeFor[struct{}](), nil},
		"has no schema":        {reflect.TypeFor[chan int](), nil},
	} {
		func() {
			defer func() {
				if said, _ := recover().(string); !strings.Contains(said, what) {
					t.Errorf("panicked with %q, want %q", said, what)
				}
			}()
			openapi.NewSchemas(nil, c.names, func(reflect.Type, string) string { return "" }).Of(c.of)
		}()
	}
}
