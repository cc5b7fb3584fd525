package read

import (
	"context"
	"maps"
	"slices"
	"strings"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// Related lists the records of a related list, as List does: list is the name of one
// in a layout of the object, whose columns and sort, as far as the caller may read
// them, hold where q says nothing, or "object.lookup". Fault record.no_related
// (NotFound), also for a list whose filter reads what the caller may not.
func (s *Reader) Related(ctx context.Context, object string, key id.ID, list string, q ListQuery) (*Page, error) {
	if _, err := s.Get(ctx, object, key, []string{query.ID.Name}); err != nil {
		return nil, err
	}
	missing := fault.New(fault.NotFound, "record.no_related", "object", object, "list", session.Shorten(list))
	from, lookup, own := strings.Cut(list, ".")
	if own {
		return s.related(ctx, object, key, &metadata.Related{Object: from, Lookup: lookup}, q, missing)
	}
	related, ok := s.relatedList(object, list)
	if !ok {
		return nil, missing
	}
	if err := s.asLaidOut(ctx, related, &q); err != nil {
		return nil, err
	}
	return s.related(ctx, object, key, related, q, missing)
}

// RelatedBy is Related for a list as a layout has it, of a record that the caller may read.
func (s *Reader) RelatedBy(ctx context.Context, object string, key id.ID, list *metadata.Related, q ListQuery) (*Page, error) {
	if err := s.asLaidOut(ctx, list, &q); err != nil {
		return nil, err
	}
	missing := fault.New(fault.NotFound, "record.no_related", "object", object, "list", list.Object+"."+list.Lookup)
	return s.related(ctx, object, key, list, q, missing)
}

// related lists the records that look up to a record, as q says. missing is the fault of a list
// that there is not for the caller.
func (s *Reader) related(ctx context.Context, object string, key id.ID, list *metadata.Related, q ListQuery, missing error) (*Page, error) {
	a, err := s.Object(ctx, list.Object, policy.Read)
	if err != nil {
		return nil, err
	}
	f, ok := a.Object.Field(list.Lookup)
	if !ok || !a.Reads(f) || !refersTo(f, object) {
		return nil, missing
	}
	only, err := s.where(ctx, a, list.Filter)
	if fault.Is(err, "list.bad_filter") {
		return nil, missing
	}
	if err != nil {
		return nil, err
	}
	return s.list(ctx, a, q, query.And(query.Is(f.Column, stored.Reference(f, object, key)), only))
}

// asLaidOut completes a query by what a related list shows and how it is sorted.
func (s *Reader) asLaidOut(ctx context.Context, related *metadata.Related, q *ListQuery) (err error) {
	if len(q.Fields) == 0 {
		if q.Fields, err = pathsThat(ctx, related.Object, related.Columns, s.Shows); err != nil {
			return err
		}
		q.Fields = append([]string{query.ID.Name}, q.Fields...)
	}
	if len(q.Sort) == 0 {
		q.Sort, err = pathsThat(ctx, related.Object, related.Sort, s.Reads)
	}
	return err
}

// refersTo reports whether a field is a reference that may lead to an object.
func refersTo(f *catalog.Field, object string) bool {
	refers, ok := f.Value.(fieldtype.Refers)
	if !ok || f.Column.Storage == fieldtype.None || f.Name == query.ID.Name {
		return false
	}
	for _, target := range refers.Targets() {
		if target == object {
			return true
		}
	}
	return false
}

// relatedList finds a related list by its name in the layouts of an object; the
// first layout by name wins.
func (s *Reader) relatedList(object, list string) (*metadata.Related, bool) {
	for _, name := range slices.Sorted(maps.Keys(catalog.Layouts(s.Snapshot))) {
		layout := catalog.Layouts(s.Snapshot)[name].Doc
		if layout.Object != object {
			continue
		}
		if related, ok := layout.Related[list]; ok {
			return related, true
		}
	}
	return nil, false
}
