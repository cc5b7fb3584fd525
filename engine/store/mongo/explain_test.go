package mongo

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/bson"
)

// TestPlans reads answers of the explain command, in the forms in which servers
// of several versions give them, beside what they say.
func TestPlans(t *testing.T) {
	files, err := filepath.Glob("testdata/explain/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no answers: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".json"), func(t *testing.T) {
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var c struct {
				Answer      json.RawMessage
				Scans, Uses []string
				Sorted      bool
			}
			if err := json.Unmarshal(raw, &c); err != nil {
				t.Fatal(err)
			}
			var answer bson.Raw
			if err := bson.UnmarshalExtJSON(c.Answer, false, &answer); err != nil {
				t.Fatal(err)
			}
			plan := planOf("item", answer)
			if !slices.Equal(plan.Scans, c.Scans) || !slices.Equal(plan.Uses, c.Uses) || plan.Sorted != c.Sorted {
				t.Errorf("got scans %q, uses %q, sorted %v", plan.Scans, plan.Uses, plan.Sorted)
			}
		})
	}
}
