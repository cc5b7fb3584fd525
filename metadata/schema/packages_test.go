package schema_test

import (
	"testing"

	"formwork/metadata"
	"formwork/metadata/packages"
	"formwork/metadata/schema"
	"formwork/plugins/standard"
)

// The packages that come along are sound, each laid on those before it.
func TestPackages(t *testing.T) {
	schemas := schema.New(standard.FieldTypes(), standard.Kinds().All())
	var layers [][]metadata.Document
	for _, set := range packages.All() {
		layers = append(layers, set.Documents)
		for _, d := range metadata.Effective(layers...) {
			for _, problem := range schemas.Check(d.Kind, d.Body) {
				t.Errorf("%s: %v", d.Key, problem)
			}
		}
	}
}

func BenchmarkBuild(b *testing.B) {
	for b.Loop() {
		schemas := schema.New(standard.FieldTypes(), standard.Kinds().All())
		for _, kind := range schemas.Kinds() {
			schemas.JSON(kind, "en")
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	schemas := schema.New(standard.FieldTypes(), standard.Kinds().All())
	for b.Loop() {
		for _, set := range packages.All() {
			for _, d := range set.Documents {
				schemas.Check(d.Kind, d.Body)
			}
		}
	}
}

func BenchmarkRead(b *testing.B) {
	for b.Loop() {
		packages.All()
	}
}
