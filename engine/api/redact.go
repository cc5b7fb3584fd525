package api

import (
	"context"
	"encoding/json"

	"formwork/engine/catalog"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/metadata"
)

// setup reports whether the caller may see the whole configuration.
func (r *request) setup() (bool, error) {
	if sees, err := r.has("view_setup"); err != nil || sees {
		return sees, err
	}
	return r.has("manage_metadata")
}

// shownDocument is an effective document as the caller may see it, nil for none: who may
// not see the setup is shown what its kind lists.
func (r *request) shownDocument(d metadata.Document, setup bool, rights *policy.Rights) (json.RawMessage, error) {
	if setup {
		return d.Body, nil
	}
	by := &reader{ctx: r.ctx, rights: rights, records: r.records(), catalog: r.server.o.Catalog, snapshot: r.snapshot}
	shown, ok := by.catalog.Redact(d, by)
	if !ok || by.err != nil {
		return nil, by.err
	}
	return shown.Body, nil
}

// reader is a caller who may not see the setup. It implements metadata.Reader.
type reader struct {
	ctx      context.Context
	rights   *policy.Rights
	records  *record.Session
	catalog  *catalog.Catalog
	snapshot *catalog.Snapshot
	open     map[metadata.Key]bool // documents that are being looked at
	err      error                 // the first that has nothing to do with rights
}

func (r *reader) Reads(object string) bool { return r.rights.Objects[object].Read }

func (r *reader) ReadsPath(object, path string) bool {
	reads, err := r.records.Reads(r.ctx, object, path)
	return r.answer(reads, err)
}

func (r *reader) ShowsPath(object, path string) bool {
	shows, err := r.records.Shows(r.ctx, object, path)
	return r.answer(shows, err)
}

func (r *reader) Understands(object, condition string, queryable bool) bool {
	may, err := r.records.Understands(r.ctx, object, condition, queryable)
	return r.answer(may, err)
}

// Sees looks at the document by the rule of its kind. Of documents that name each other
// in a circle, each is seen if everything else about it is.
func (r *reader) Sees(key metadata.Key) bool {
	d, ok := r.snapshot.Documents[key]
	if !ok || r.open[key] {
		return ok
	}
	if r.open == nil {
		r.open = map[metadata.Key]bool{}
	}
	r.open[key] = true
	defer delete(r.open, key)
	_, seen := r.catalog.Redact(d, r)
	return seen
}

func (r *reader) answer(yes bool, err error) bool {
	if r.err == nil {
		r.err = err
	}
	return yes && err == nil
}
