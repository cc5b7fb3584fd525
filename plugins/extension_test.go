package plugins_test

import (
	"context"
	"encoding/json"
	"strconv"
	"testing"

	"formwork/engine/enginetest"
	"formwork/engine/fault"
	"formwork/engine/job"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
	"formwork/plugins"
)

// ratingType is a field type from outside: so many stars.
type ratingType struct{}

func (ratingType) Name() string { return "rating" }
func (ratingType) SettingsSchema() map[string]any {
	return map[string]any{"stars": map[string]any{"type": "integer", "minimum": 2, "maximum": 10}}
}
func (ratingType) ShownSettings(metadata.Shown) metadata.Members { return metadata.AllOf("stars") }

func (ratingType) Bind(_ string, f *metadata.Field, _ fieldtype.Context) (fieldtype.Value, []*fault.Fault) {
	var settings struct{ Stars int64 }
	if err := json.Unmarshal(f.Settings, &settings); err != nil {
		return nil, []*fault.Fault{fault.New(fault.Invalid, "metadata.settings", "type", "rating").Because(err)}
	}
	return ratingValue{max: max(settings.Stars, 5)}, nil
}

type ratingValue struct{ max int64 }

func (ratingValue) Storage() fieldtype.Storage { return fieldtype.Int }
func (ratingValue) Kind() fieldtype.Kind       { return fieldtype.NumberKind }
func (v ratingValue) Coerce(in any) (any, *fault.Fault) {
	text, _ := in.(string)
	if number, ok := in.(json.Number); ok {
		text = number.String()
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || n > v.max {
		return nil, fault.New(fault.Invalid, "field.not_a_number", "value", text)
	}
	return n, nil
}
func (ratingValue) AppendJSON(dst []byte, stored any) []byte {
	return strconv.AppendInt(dst, stored.(int64), 10)
}
func (ratingValue) CSV(stored any) string { return strconv.FormatInt(stored.(int64), 10) }
func (v ratingValue) Schema() map[string]any {
	return map[string]any{"type": "integer", "minimum": 1, "maximum": v.max}
}

const film = `{"kind":"object","name":"film","label":"Film","name_field":"title","fields":{
	"title":{"type":"text"},"rating":{"type":"rating","stars":7},"good":{"type":"formula","result":"checkbox","expression":"rating >= 4"}}}`

// A field type from outside is checked, stored, computed with, sorted and filtered by
// like any other, and its settings are checked by its schema.
func TestFieldTypeFromOutside(t *testing.T) {
	set := plugins.Set{FieldTypes: []fieldtype.Type{ratingType{}}}
	tenant := enginetest.New(t, enginetest.Options{Plugins: []plugins.Set{set}}).NewTenant("main", "core")
	tenant.Apply(film)
	best := tenant.Create("film", map[string]any{"title": "Best", "rating": json.Number("7")})
	tenant.Create("film", map[string]any{"title": "Worst", "rating": "1"})
	_, err := tenant.System().Create(t.Context(), "film", map[string]any{"title": "None", "rating": json.Number("8")})
	if f := fault.From(err); f.Code != "record.invalid" || len(f.Errors) != 1 || f.Errors[0].Pointer != "/rating" {
		t.Errorf("eight of seven stars: %v", err)
	}
	page, err := tenant.System().List(t.Context(), "film", record.ListQuery{Filter: "rating > 3 and good", Sort: []string{"-rating"}})
	if err != nil || len(page.Items) != 1 || page.Items[0].ID() != best {
		t.Errorf("found %v, %v", page, err)
	}
	plan, err := tenant.Catalog.Plan(t.Context(), tenant.Tenant, change("", `{"kind":"object","name":"book","label":"Book","name_field":"t","fields":{"t":{"type":"text"},"r":{"type":"rating","stars":11}}}`))
	if err != nil || len(plan.Problems) != 1 || plan.Problems[0].Pointer != "/object/book/fields/r/stars" {
		t.Errorf("eleven stars: %v, %v", plan, err)
	}
}

// A kind of jobs from outside gets its arguments and what it needs of the platform.
func TestJobFromOutside(t *testing.T) {
	jobs := func(h plugins.Host) []job.Kind {
		return []job.Kind{{Name: "greet", Limit: 1, Handle: func(ctx context.Context, t store.Tenant, j *job.Progress) error {
			var name string
			if err := j.Decode(&name); err != nil {
				return err
			}
			s, err := h.System(ctx, t)
			if err != nil {
				return err
			}
			_, err = s.Create(ctx, "account", map[string]any{"name": "Hello " + name})
			return err
		}}}
	}
	tenant := enginetest.New(t, enginetest.Options{Plugins: []plugins.Set{{Jobs: jobs}}}).NewTenant("main")
	err := tenant.Write(t.Context(), func(tx store.Tx) error {
		_, err := job.Enqueue(t.Context(), tx, tenant.IDs, tenant.Now(), job.New{Kind: "greet", Args: "world"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	tenant.RunJobs()
	page, err := tenant.System().List(t.Context(), "account", record.ListQuery{Filter: `name == "Hello world"`})
	if err != nil || len(page.Items) != 1 {
		t.Errorf("found %v, %v", page, err)
	}
}
