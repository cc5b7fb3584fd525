package catalog

import (
	"context"
	"encoding/json"
	"fmt"

	"formwork/engine/fault"
	"formwork/engine/store"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// FormerDocument is an effective document as it was in an older revision; ok is false if there was none.
// Fault "catalog.no_revision" (NotFound).
func (c *Catalog) FormerDocument(ctx context.Context, t store.Tenant, revision int64, key metadata.Key) (d metadata.Document, ok bool, err error) {
	s, err := c.stateAt(ctx, t, revision)
	if err != nil {
		return d, false, err
	}
	for _, d := range s.effective() {
		if d.Key == key {
			return d, true, nil
		}
	}
	return d, false, nil
}

// Former is the configuration of an older revision. Fault "catalog.no_revision" (NotFound). One that this version of the program does not
// compile any more is an internal fault.
func (c *Catalog) Former(ctx context.Context, t store.Tenant, revision int64) (*Snapshot, error) {
	s, err := c.stateAt(ctx, t, revision)
	if err != nil {
		return nil, err
	}
	return c.compiled(ctx, s, nil)
}

// CompileApart compiles a document that is no part of a configuration, since it was of an older one or is a draft, against
// what there is now. The problems are those that a change with it would have; nothing is compiled if there
// are any.
func CompileApart[D, C any](ctx context.Context, c *Catalog, s *Snapshot, d metadata.Document, compile func(c *Compiling, doc *D, at string) *C) (*C, []*fault.Fault) {
	if problems := c.schemas.Check(d.Key.Kind, d.Body); len(problems) > 0 {
		return nil, problems
	}
	doc := new(D)
	if err := json.Unmarshal(d.Body, doc); err != nil {
		return nil, []*fault.Fault{fault.New(fault.Invalid, "catalog.unreadable").Because(fmt.Errorf("reading %v: %w", d.Key, err))}
	}
	own := *s
	own.parts = map[metadata.Key]int{}
	b := &builder{ctx: ctx, language: c.checked(), s: &own, shared: true, patterns: map[string]*fieldtype.Pattern{}, broken: map[string]bool{}, names: map[string][]string{}}
	compiled := compile(&Compiling{builder: b, kind: d.Key.Kind}, doc, pointerTo(d.Key.Kind, d.Key.Name))
	if problems := b.told(); len(problems) > 0 {
		return nil, problems
	}
	return compiled, nil
}
