package catalog

import (
	"context"
	"encoding/json"

	"formwork/engine/fault"
	"formwork/metadata"
)

// savedView is the name of a view that is kept beside the configuration, while it is looked at.
const savedView = "saved"

// ReadView reads a view that somebody keeps beside the configuration: the body of a document
// but for its kind and name. The problems are those that its schema has with it, with pointers
// into the body; there is a view if there are none.
func (c *Catalog) ReadView(body map[string]any) (*metadata.View, []*fault.Fault) {
	document := metadata.Patched(body, map[string]any{"kind": "view", "name": savedView})
	raw := metadata.Canonical(document)
	if problems := c.schemas.Check("view", raw); len(problems) > 0 {
		return nil, problems
	}
	v := &metadata.View{}
	if err := json.Unmarshal(raw, v); err != nil {
		return nil, []*fault.Fault{fault.New(fault.Invalid, "catalog.unreadable").Because(err)}
	}
	return v, nil
}

// CheckView says what is wrong with a view against a configuration of which it is no part,
// as a change with such a document would be told, with pointers into the view. It looks at
// all that there is, whoever asks: who may not read what a view speaks of is to be refused
// before.
func (c *Catalog) CheckView(ctx context.Context, s *Snapshot, v *metadata.View) []*fault.Fault {
	own := *s
	own.parts = map[metadata.Key]int{}
	b := &builder{ctx: ctx, language: c.checked(), s: &own, shared: true, broken: map[string]bool{}, names: map[string][]string{}}
	at := pointerTo("view", savedView)
	(&Compiling{builder: b, kind: "view"}).compileView(v, at)
	problems := b.told()
	for _, problem := range problems {
		problem.Pointer = problem.Pointer[min(len(at), len(problem.Pointer)):]
	}
	return problems
}
