package workspace_test

import (
	"encoding/json"
	"testing"

	"formwork/engine/enginetest"
	"formwork/engine/fault"
	"formwork/engine/workspace"
	"formwork/metadata"
)

// Whatever is sent as a view is refused for what is wrong with it, or is kept and shown as it was sent.
func FuzzView(f *testing.F) {
	main := enginetest.New(f, enginetest.Options{}).NewTenant("main", "core")
	main.Apply(documents...)
	c := main.CallerWith("ann@example.com", "member")
	whole := func(d metadata.Document) (json.RawMessage, error) { return d.Body, nil }
	s := main.Workspace.As(workspace.Caller{Tenant: main.Tenant, Snapshot: main.Snapshot(), Caller: c, Records: main.As(c), Shown: whole})
	for _, seed := range []string{
		`{"object":"thing","label":"A","columns":["name"],"sort":["-name"],"filter":"name != \"x\""}`,
		`{"object":"thing","label":{"en":"A","zh":"甲"},"show":"kanban","group":"owner","sum":["name"]}`,
		`{"object":"nothing","label":1,"columns":{"0":null},"filter":"name =="}`, `{"label":""}`, `{"\u0000":[[]]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		sent, problem := metadata.ReadJSON([]byte(text), metadata.Limits{Bytes: 1 << 20, Depth: 64})
		body, ok := sent.(map[string]any)
		if problem != nil || !ok {
			return
		}
		kept, err := s.SaveView(t.Context(), body, false)
		if err != nil {
			if fault.KindOf(err) == fault.Internal {
				t.Fatalf("no fault of the view's: %v", err)
			}
			return
		}
		views, err := s.Views(t.Context(), "")
		if err != nil || len(views) != 1 || views[0].ID != kept.ID {
			t.Fatalf("kept is %v, shown %v, %v", kept, views, err)
		}
		if err := s.DeleteView(t.Context(), kept.ID); err != nil {
			t.Fatal(err)
		}
	})
}
