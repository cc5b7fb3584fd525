package draft

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata"
)

// carried is a draft's layer brought to the newest revision.
type carried struct {
	newest    *catalog.Snapshot
	layer     []metadata.Document
	conflicts []metadata.Conflict // in which the draft's side is in the layer
}

// effective are the documents as the draft would have them, sorted by key.
func (c *carried) effective() []metadata.Document {
	return metadata.Effective(below(c.newest), c.layer)
}

// below are the effective documents of a snapshot, sorted by key.
func below(s *catalog.Snapshot) []metadata.Document {
	return slices.SortedFunc(maps.Values(s.Documents), func(a, b metadata.Document) int { return metadata.CompareKeys(a.Key, b.Key) })
}

// carry brings a draft to the newest revision.
func (s *Session) carry(ctx context.Context, k *kept) (*carried, error) {
	newest, err := s.service.catalog.Snapshot(ctx, s.tenant)
	if err != nil {
		return nil, err
	}
	if newest.Revision < k.Base { // another process published, and somebody began a draft there
		if newest, err = s.service.catalog.Newest(ctx, s.tenant); err != nil {
			return nil, err
		}
	}
	c := &carried{newest: newest, layer: k.documents()}
	if newest.Revision == k.Base {
		return c, nil
	}
	before, err := s.service.catalog.At(ctx, s.tenant, k.Base)
	if err != nil {
		return nil, fmt.Errorf("reading the base of the draft %s: %w", k.ID, err)
	}
	c.layer, c.conflicts = metadata.Upgrade(before, below(newest), c.layer)
	return c, nil
}

// told is what people are told of a draft.
func (s *Session) told(ctx context.Context, k *kept) (Draft, error) {
	newest, err := s.service.catalog.Snapshot(ctx, s.tenant)
	if err != nil {
		return Draft{}, err
	}
	told := k.Draft
	told.Newest, told.Documents = max(newest.Revision, k.Base), []Document{}
	there := func(key metadata.Key) bool {
		_, ok := newest.Documents[key]
		return ok
	}
	for _, o := range k.layer {
		d := Document{Key: o.Key, Change: "changed", At: o.at, By: o.by}
		switch {
		case o.Hides():
			d.Change = "removed"
		case !there(o.Key):
			d.Change = "added"
		}
		told.Documents = append(told.Documents, d)
	}
	return told, nil
}

// Documents are the effective documents as a draft would have them, sorted by key, whether
// they can be compiled or not. Fault "draft.not_found" (NotFound).
func (s *Session) Documents(ctx context.Context, key id.ID) ([]metadata.Document, error) {
	k, err := s.find(ctx, key)
	if err != nil {
		return nil, err
	}
	c, err := s.carry(ctx, k)
	if err != nil {
		return nil, err
	}
	return c.effective(), nil
}

// Patch lays a merge patch on a document as the draft has it, or makes it of that. It returns
// the document, nil if nothing is left of it. Faults: those of metadata.Parse, "draft.not_found"
// (NotFound), "draft.too_large" (TooLarge).
func (s *Session) Patch(ctx context.Context, key id.ID, document metadata.Key, patch map[string]any) (json.RawMessage, Draft, error) {
	return s.edit(ctx, key, edit{document, func(was any) any { return metadata.Patched(was, patch) }})
}

// PatchAll lays merge patches on several documents as the draft has them, all or none; a patch
// that is nil has its document be gone. Faults as of Patch; "catalog.too_many_documents" (TooLarge).
func (s *Session) PatchAll(ctx context.Context, key id.ID, patches map[metadata.Key]any) (Draft, error) {
	if len(patches) > MaxDocuments { // before each is sought among those that there are
		return Draft{}, fault.New(fault.TooLarge, "catalog.too_many_documents", "max", MaxDocuments)
	}
	edits := make([]edit, 0, len(patches))
	for document, patch := range patches {
		edits = append(edits, edit{document, func(was any) any { return metadata.Patched(was, patch) }})
	}
	slices.SortFunc(edits, func(a, b edit) int { return metadata.CompareKeys(a.document, b.document) })
	_, d, err := s.edit(ctx, key, edits...)
	return d, err
}

// Put replaces a document as the draft has it. Faults as of Patch.
func (s *Session) Put(ctx context.Context, key id.ID, document metadata.Key, body map[string]any) (json.RawMessage, Draft, error) {
	return s.edit(ctx, key, edit{document, func(any) any { return metadata.Patched(nil, body) }})
}

// Remove has a document be gone in a draft. Faults "draft.not_found" (NotFound),
// "catalog.unknown_document" (Invalid).
func (s *Session) Remove(ctx context.Context, key id.ID, document metadata.Key) (Draft, error) {
	var missing bool
	_, d, err := s.edit(ctx, key, edit{document, func(was any) any {
		missing = was == nil
		return nil
	}})
	if err == nil && missing {
		err = fault.New(fault.NotFound, "catalog.unknown_document", "kind", document.Kind, "name", document.Name)
	}
	return d, err
}

// Revert has a document be again what it is without the draft. Fault "draft.not_found" (NotFound).
func (s *Session) Revert(ctx context.Context, key id.ID, document metadata.Key) (Draft, error) {
	return s.change(ctx, key, func(k *kept) error {
		k.layer = slices.DeleteFunc(k.layer, func(o overlay) bool { return o.Key == document })
		return nil
	})
}

// edit makes something else of a document as the draft has it; nil: nothing.
type edit struct {
	document metadata.Key
	by       func(was any) any
}

// edit edits documents of a draft, all or none, and returns what the last of them says then.
func (s *Session) edit(ctx context.Context, key id.ID, edits ...edit) (body json.RawMessage, d Draft, err error) {
	d, err = s.change(ctx, key, func(k *kept) error {
		base, err := s.bring(ctx, k)
		if err != nil {
			return err
		}
		var problems []*fault.Fault
		for _, e := range edits {
			beneath := find(base, e.document)
			said := e.by(k.value(e.document, beneath))
			if err := sameName(e.document, said); err != nil {
				return err
			}
			target, wrong := targetOf(e.document, said)
			for _, one := range wrong {
				if len(edits) > 1 { // then it is told of which
					one = one.At("/" + e.document.Kind + "/" + e.document.Name + one.Pointer)
				}
				problems = append(problems, one)
			}
			body = nil
			if target != nil {
				body = target.Body
			}
			k.layer = slices.DeleteFunc(k.layer, func(o overlay) bool { return o.Key == e.document })
			if over, ok := metadata.Overlay(beneath, target); ok {
				k.layer = append(k.layer, overlay{Document: over, at: s.service.now(), by: s.caller.User})
			}
		}
		if len(problems) > 0 {
			return fault.All(fault.Invalid, "catalog.invalid", problems)
		}
		return nil
	})
	return body, d, err
}

// value is what a document says as the draft has it, over the one beneath; nil: nothing.
func (k *kept) value(document metadata.Key, beneath *metadata.Document) (v any) {
	if beneath != nil {
		v = beneath.Value()
	}
	for _, o := range k.layer {
		if o.Key == document {
			v = metadata.Patched(v, o.Value())
		}
	}
	return v
}

// targetOf is a document that somebody wrote, and what is wrong with it; nil: it is to be gone.
func targetOf(key metadata.Key, v any) (*metadata.Document, []*fault.Fault) {
	said, ok := v.(map[string]any)
	if !ok {
		return nil, nil
	}
	whole := metadata.Patched(said, map[string]any{"kind": key.Kind, "name": key.Name})
	d, problems := metadata.Parse(metadata.Canonical(whole))
	return &d, problems
}

// sameName refuses what calls itself otherwise than it is called.
func sameName(key metadata.Key, v any) error {
	said, _ := v.(map[string]any)
	for name, is := range map[string]string{"kind": key.Kind, "name": key.Name} {
		if was, there := said[name]; there && was != any(is) {
			return fault.New(fault.Invalid, "api.other_document", "name", name, "is", is).At("/" + name)
		}
	}
	return nil
}

func find(documents []metadata.Document, key metadata.Key) *metadata.Document {
	for i := range documents {
		if documents[i].Key == key {
			return &documents[i]
		}
	}
	return nil
}

// bring has a draft lie over the newest revision, unless that brings conflicts; and gives the
// documents that it then lies over.
func (s *Session) bring(ctx context.Context, k *kept) ([]metadata.Document, error) {
	c, err := s.carry(ctx, k)
	if err != nil {
		return nil, err
	}
	if len(c.conflicts) > 0 {
		return s.service.catalog.At(ctx, s.tenant, k.Base)
	}
	k.lay(c.newest.Revision, c.layer)
	return below(c.newest), nil
}

// lay has a draft lie over a revision with a layer; who said what stays.
func (k *kept) lay(base int64, layer []metadata.Document) {
	was := map[metadata.Key]overlay{}
	for _, o := range k.layer {
		was[o.Key] = o
	}
	k.Base, k.layer = base, k.layer[:0]
	for _, d := range layer {
		o := was[d.Key]
		o.Document = d
		k.layer = append(k.layer, o)
	}
}

// change does something to a draft, and once more while others change it. Faults
// "draft.not_found" (NotFound), "draft.too_large" (TooLarge).
func (s *Session) change(ctx context.Context, key id.ID, do func(k *kept) error) (told Draft, err error) {
	err = again(func() error {
		k, err := s.find(ctx, key)
		if err != nil {
			return err
		}
		before := slices.Clone(k.layer)
		if err := do(k); err != nil {
			return err
		}
		k.ChangedAt = s.service.now()
		if err := s.write(ctx, k, before); err != nil {
			return err
		}
		slices.SortFunc(k.layer, func(a, b overlay) int { return metadata.CompareKeys(a.Key, b.Key) })
		told, err = s.told(ctx, k)
		return err
	})
	return told, err
}

// write stores a draft if nobody has changed it since it was read. Fault "store.stale" (Stale).
func (s *Session) write(ctx context.Context, k *kept, before []overlay) error {
	var size int
	for _, o := range k.layer {
		size += len(o.Body)
	}
	if size > MaxSize {
		return fault.New(fault.TooLarge, "draft.too_large", "max", MaxSize)
	}
	if len(k.layer) > MaxDocuments {
		return fault.New(fault.TooLarge, "catalog.too_many_documents", "max", MaxDocuments)
	}
	was := map[metadata.Key]overlay{}
	for _, o := range before {
		was[o.Key] = o
	}
	return s.tenant.Write(ctx, func(tx store.Tx) error {
		values := map[string]any{query.Version.Name: k.version + 1, colLabel.Name: k.Label, colBase.Name: k.Base, colChanged.Name: k.ChangedAt.UnixMilli()}
		if err := tx.Update(ctx, draftTable, k.ID, k.version, values, nil); err != nil {
			return err
		}
		gone := maps.Clone(was)
		for _, o := range k.layer {
			old, there := was[o.Key]
			delete(gone, o.Key)
			values := map[string]any{colDraft.Name: int64(k.ID), colKind.Name: o.Kind, colName.Name: o.Name, colBody.Name: string(o.Body), colAt.Name: o.at.UnixMilli(), colBy.Name: int64(o.by)}
			var err error
			switch {
			case !there:
				err = tx.Insert(ctx, documentTable, s.service.ids.Next(), values, nil)
			case string(old.Body) != string(o.Body):
				err = tx.Update(ctx, documentTable, old.row, 0, values, nil)
			}
			if err != nil {
				return err
			}
		}
		for _, o := range gone {
			if err := tx.Delete(ctx, documentTable, o.row); err != nil {
				return err
			}
		}
		return nil
	})
}
