package catalog

import (
	"context"
	"testing"

	"formwork/metadata"
	"formwork/metadata/packages"
	"formwork/metadata/schema"
	"formwork/plugins/standard"
)

func standardDocuments() []metadata.Document {
	var layers [][]metadata.Document
	for _, set := range packages.All() {
		layers = append(layers, set.Documents)
	}
	return metadata.Effective(layers...)
}

func TestStandardPackagesBuild(t *testing.T) {
	s, problems := Build(context.Background(), standard.FieldTypes(), 1, standardDocuments())
	for _, p := range problems {
		t.Error(p)
	}
	if s == nil {
		return
	}
	for _, name := range byName(s.Objects) {
		for _, i := range s.Objects[name].Table.Indexes {
			t.Log(name, i.Unique, i.Name)
		}
	}
}

func BenchmarkBuildStandard(b *testing.B) {
	documents := standardDocuments()
	types := standard.FieldTypes()
	for b.Loop() {
		if _, problems := Build(context.Background(), types, 1, documents); problems != nil {
			b.Fatal(problems)
		}
	}
}

// BenchmarkAddField is a build after one object got one more field.
func BenchmarkAddField(b *testing.B) {
	types, schemas := standard.FieldTypes(), schema.New(standard.FieldTypes())
	base := standardDocuments()
	former, problems := build(b.Context(), types, schemas, 1, base, nil)
	if problems != nil {
		b.Fatal(problems)
	}
	patch := metadata.Document{Key: key("object", "account"),
		Body: []byte(`{"kind":"object","name":"account","fields":{"extra":{"type":"text"}}}`)}
	changed := metadata.Effective(base, []metadata.Document{patch})
	for b.Loop() {
		if _, problems := build(b.Context(), types, schemas, 2, changed, former); problems != nil {
			b.Fatal(problems)
		}
	}
}
