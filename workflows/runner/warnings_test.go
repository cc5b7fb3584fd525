package runner_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"formwork/engine/catalog"
	"formwork/engine/enginetest"
	"formwork/metadata/packages"
	"formwork/plugins/standard"
	"formwork/workflows"
)

// wantsWarnings compares what a plan warns of in workflows with what is wanted.
func (s *stage) wantsWarnings(t *testing.T, c catalog.Change, want []string) {
	t.Helper()
	plan, err := s.Catalog.Plan(t.Context(), s.Tenant.Tenant, c)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, f := range plan.Warnings {
		if !strings.HasPrefix(f.Code, "workflow.") {
			continue
		}
		text := f.Code + " " + f.Pointer
		for _, name := range slices.Sorted(maps.Keys(f.Params)) {
			text += fmt.Sprintf("; %s %v", name, f.Params[name])
		}
		got = append(got, text)
	}
	slices.Sort(got)
	if !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Fatalf("warnings\n%q, want\n%q", got, want)
	}
}

// The workflows that come along are warned of by nothing.
func TestPackagesAreNotWarnedOf(t *testing.T) {
	var all []string
	for _, set := range packages.All() {
		all = append(all, set.Package.Name)
	}
	snapshot := enginetest.New(t, enginetest.Options{}).NewTenant("main", all...).Snapshot()
	for _, kind := range standard.Kinds().All() {
		if warns, ok := kind.(catalog.Warns); ok && kind.Name() == workflows.KindName {
			for _, f := range warns.Warnings(snapshot) {
				t.Errorf("%s: %v", f.Pointer, f)
			}
			return
		}
	}
	t.Fatal("the kind of workflows warns of nothing")
}
