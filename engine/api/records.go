package api

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/fault"
	"formwork/engine/form"
	"formwork/engine/id"
	"formwork/engine/mail"
	"formwork/engine/record"
	"formwork/metadata"
	"formwork/workflows"
	"formwork/workflows/runner"
)

// getRecord is GET /records/{object}/{id}.
func (s *Server) getRecord(r *request) error {
	rec, err := r.recordID()
	if err != nil {
		return err
	}
	var fields []string
	var named bool
	if err := r.query(parameter{"fields", &fields}, parameter{"names", &named}); err != nil {
		return err
	}
	records := r.records()
	found, err := records.Get(r.ctx, r.object(), rec, fields)
	if err != nil {
		return err
	}
	var names record.Names
	if named {
		if names, err = records.Names(r.ctx, found); err != nil {
			return err
		}
	}
	return r.record(fiber.StatusOK, found, names)
}

// listQuery reads the parameters of a list, and those given besides.
func (r *request) listQuery(besides ...parameter) (q record.ListQuery, err error) {
	err = r.query(append(besides, parameter{"filter", &q.Filter}, parameter{"q", &q.Q}, parameter{"sort", &q.Sort},
		parameter{"fields", &q.Fields}, parameter{"limit", &q.Limit}, parameter{"cursor", &q.Cursor}, parameter{"count", &q.Total},
		parameter{"names", &q.Names})...)
	return q, err
}

// listRecords is GET /records/{object}.
func (s *Server) listRecords(r *request) error {
	var view string
	var recent bool
	var skip int
	q, err := r.listQuery(parameter{"view", &view}, parameter{"recent", &recent}, parameter{"skip", &skip})
	q.Skip = skip
	if err == nil && recent {
		q.First, err = r.workspace().RecentByObject(r.ctx)
	}
	if err == nil && view != "" {
		err = r.through(view, &q)
	}
	if err != nil {
		return err
	}
	page, err := r.records().List(r.ctx, r.object(), q)
	if err != nil {
		return err
	}
	return r.page(page)
}

// through has a list asked for through a view, of which the caller gets what they are shown
// of it: its filter besides the query's, its sort and columns where the query has none.
func (r *request) through(name string, q *record.ListQuery) error {
	body, err := r.effectiveDocument(metadata.Key{Kind: "view", Name: name})
	if err != nil {
		return err
	}
	var view metadata.View
	if body != nil {
		if err := json.Unmarshal(body, &view); err != nil {
			return fmt.Errorf("reading the view %s: %w", name, err)
		}
	}
	if view.Object != r.object() {
		return fault.New(fault.NotFound, "api.no_document", "kind", "view", "name", clip(name))
	}
	q.Within = view.Filter
	if len(q.Sort) == 0 {
		q.Sort = view.Sort
	}
	if len(q.Fields) == 0 {
		q.Fields = view.Columns
	}
	return nil
}

// createRecord is POST /records/{object}.
func (s *Server) createRecord(r *request) error {
	data, err := r.data(recordBody)
	if err != nil {
		return err
	}
	object := r.object()
	saved, err := r.records().Create(r.ctx, object, data)
	if err != nil {
		return err
	}
	r.http.Set(fiber.HeaderLocation, Prefix+"/records/"+object+"/"+saved.Record.ID().String())
	return r.saved(fiber.StatusCreated, saved)
}

// updateRecord is PATCH /records/{object}/{id}.
func (s *Server) updateRecord(r *request) error {
	rec, err := r.recordID()
	if err != nil {
		return err
	}
	version, err := r.ifMatch()
	if err != nil {
		return err
	}
	patch, err := r.data(recordBody)
	if err != nil {
		return err
	}
	object := r.object()
	saved, err := r.records().Update(r.ctx, object, rec, patch, version)
	if err != nil {
		return err
	}
	return r.saved(fiber.StatusOK, saved)
}

// deleteRecord is DELETE /records/{object}/{id}.
func (s *Server) deleteRecord(r *request) error {
	rec, err := r.recordID()
	if err != nil {
		return err
	}
	version, err := r.ifMatch()
	if err != nil {
		return err
	}
	object := r.object()
	if err := r.records().Delete(r.ctx, object, rec, version); err != nil {
		return err
	}
	return r.done()
}

// restoreRecord is POST /records/{object}/{id}/restore.
func (s *Server) restoreRecord(r *request) error {
	rec, err := r.recordID()
	if err != nil {
		return err
	}
	object := r.object()
	saved, err := r.records().Restore(r.ctx, object, rec)
	if err != nil {
		return err
	}
	return r.saved(fiber.StatusOK, saved)
}

// saved answers with a record that was saved; what did not stand in its way is told
// in the member "warnings", beside the fields.
func (r *request) saved(status int, saved *record.Saved) error {
	r.version(saved.Record.Version())
	b := saved.Record.AppendJSON(r.buffer())
	if len(saved.Warnings) > 0 {
		b = r.appendWarnings(append(b[:len(b)-1], `,"warnings":`...), saved.Warnings)
		b = append(b, '}')
	}
	return r.sent(status, b)
}

func (r *request) appendWarnings(b []byte, warnings []record.Warning) []byte {
	b = append(b, '[')
	for i, w := range warnings {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(append(b, `{"pointer":`...), w.Fault.Pointer)
		b = appendString(append(b, `,"code":`...), w.Fault.Code)
		b = appendString(append(b, `,"detail":`...), w.Fault.Text(r.language()))
		b = appendMatches(append(b, `,"matches":`...), w.Matches)
		b = append(b, '}')
	}
	return append(b, ']')
}

func appendMatches(b []byte, matches []record.Match) []byte {
	b = append(b, '[')
	for i, m := range matches {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(append(b, `{"object":`...), m.Object)
		b = appendString(append(b, `,"id":`...), m.ID.String())
		b = appendString(append(b, `,"name":`...), m.Name)
		b = append(b, '}')
	}
	return append(b, ']')
}

// aggregate is POST /records/{object}/aggregate.
func (s *Server) aggregate(r *request) error {
	var q record.AggregateQuery
	if err := r.decode(smallBody, &q, false); err != nil {
		return err
	}
	rows, err := r.records().Aggregate(r.ctx, r.object(), q)
	if err != nil {
		return err
	}
	b := append(r.buffer(), `{"rows":[`...)
	for i, row := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = row.AppendJSON(b)
	}
	return r.sent(fiber.StatusOK, append(b, `]}`...))
}

// history is GET /records/{object}/{id}/history.
func (s *Server) history(r *request) error {
	rec, err := r.recordID()
	if err != nil {
		return err
	}
	var cursor string
	var limit int
	if err := r.query(parameter{"cursor", &cursor}, parameter{"limit", &limit}); err != nil {
		return err
	}
	page, err := r.records().History(r.ctx, r.object(), rec, cursor, limit)
	if err != nil {
		return err
	}
	b := r.appendHistory(append(r.buffer(), '{'), page)
	return r.sent(fiber.StatusOK, append(b, '}'))
}

// appendHistory appends the members of a page of a record's history.
func (r *request) appendHistory(b []byte, page *record.HistoryPage) []byte {
	b = append(b, `"items":[`...)
	for i, entry := range page.Items {
		if i > 0 {
			b = append(b, ',')
		}
		entry.ViaLabel = r.viaLabel(entry.Via)
		b = entry.AppendJSON(b)
	}
	return appendNext(append(b, ']'), page.Next)
}

// viaLabel is what the document is called by which something was changed, or its name where it is gone; "" where it was by none.
func (r *request) viaLabel(via string) string {
	kind, name, _ := strings.Cut(via, " ")
	switch kind {
	case workflows.KindName:
		return runner.LabelOf(r.snapshot, name, r.language())
	case form.KindName:
		if f := form.Of(r.snapshot)[name]; f != nil {
			return f.Doc.Label.In(r.language(), name)
		}
	case mail.KindName:
		if box := mail.Of(r.snapshot)[name]; box != nil {
			return box.Doc.Label.In(r.language(), name)
		}
	default:
		return ""
	}
	return name
}

// related is GET /records/{object}/{id}/related/{list}.
func (s *Server) related(r *request) error {
	rec, err := r.recordID()
	if err != nil {
		return err
	}
	q, err := r.listQuery()
	if err != nil {
		return err
	}
	page, err := r.records().Related(r.ctx, r.object(), rec, r.param("list"), q)
	if err != nil {
		return err
	}
	return r.page(page)
}

// duplicates is GET /records/{object}/{id}/duplicates.
func (s *Server) duplicates(r *request) error {
	rec, err := r.recordID()
	if err != nil {
		return err
	}
	if err := r.query(); err != nil {
		return err
	}
	matches, err := r.records().Duplicates(r.ctx, r.object(), rec)
	if err != nil {
		return err
	}
	b := appendMatches(append(r.buffer(), `{"items":`...), matches)
	return r.sent(fiber.StatusOK, append(b, '}'))
}

// merge is POST /records/{object}/{id}/merge: the records in "from" become part of
// this one, which gets the values in "data" besides.
func (s *Server) merge(r *request) error {
	rec, err := r.recordID()
	if err != nil {
		return err
	}
	var in Merge
	if err := r.decode(recordBody, &in, false); err != nil {
		return err
	}
	if in.From == nil {
		return wrongKind("array", nil, "/from")
	}
	from := make([]id.ID, len(in.From))
	for i, text := range in.From {
		if from[i], err = idAt(text, "/from/"+strconv.Itoa(i)); err != nil {
			return err
		}
	}
	object := r.object()
	saved, err := r.records().Merge(r.ctx, object, rec, from, in.Data)
	if err != nil {
		return err
	}
	return r.saved(fiber.StatusOK, saved)
}

// bin is GET /bin/{object}: deleted records, newest first.
func (s *Server) bin(r *request) error {
	var q record.BinQuery
	if err := r.query(parameter{"q", &q.Words}, parameter{"cursor", &q.Cursor}, parameter{"limit", &q.Limit}, parameter{"names", &q.Names}); err != nil {
		return err
	}
	page, err := r.records().Bin(r.ctx, r.object(), q)
	if err != nil {
		return err
	}
	b := append(r.buffer(), `{"items":[`...)
	for i := range page.Items {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendBinned(b, &page.Items[i])
	}
	b = appendNext(append(b, ']'), page.Next)
	if page.Names != nil {
		b = page.Names.AppendJSON(append(b, `,"names":`...))
	}
	return r.sent(fiber.StatusOK, append(b, '}'))
}

// binned is GET /bin/{object}/{id}.
func (s *Server) binned(r *request) error {
	key, err := r.recordID()
	if err != nil {
		return err
	}
	found, err := r.records().BinnedRecord(r.ctx, r.object(), key)
	if err != nil {
		return err
	}
	return r.sent(fiber.StatusOK, appendBinned(r.buffer(), found))
}

// appendBinned appends a record in the bin.
func appendBinned(b []byte, one *record.Binned) []byte {
	b = appendString(append(b, `{"id":`...), one.ID.String())
	b = appendString(append(b, `,"name":`...), one.Name)
	b = append(b, `,"deleted_at":"`...)
	b = one.DeletedAt.UTC().AppendFormat(b, timeFormat)
	b = appendString(append(b, `","deleted_by":`...), one.DeletedBy.String())
	b = appendString(append(b, `,"batch":`...), one.Batch.String())
	return append(b, '}')
}

// timeFormat is RFC 3339 with milliseconds, in UTC.
const timeFormat = "2006-01-02T15:04:05.000Z"

// purge is DELETE /bin/{object}/{id}: gone for good.
func (s *Server) purge(r *request) error {
	rec, err := r.recordID()
	if err != nil {
		return err
	}
	gone, err := r.records().Purge(r.ctx, r.object(), rec)
	if err == nil && gone == 0 {
		err = fault.New(fault.NotFound, "api.not_in_bin", "id", rec.String())
	}
	if err != nil {
		return err
	}
	return r.done()
}

// search is GET /search.
func (s *Server) search(r *request) error {
	var q string
	var objects []string
	var limit int
	if err := r.query(parameter{"q", &q}, parameter{"objects", &objects}, parameter{"limit", &limit}); err != nil {
		return err
	}
	hits, err := r.records().Search(r.ctx, q, objects, limit)
	if err != nil {
		return err
	}
	b := append(r.buffer(), `{"items":[`...)
	for i, hit := range hits {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(append(b, `{"object":`...), hit.Object)
		b = appendString(append(b, `,"id":`...), hit.ID.String())
		b = appendString(append(b, `,"name":`...), hit.Name)
		if hit.About != "" {
			b = appendString(append(b, `,"about":`...), hit.About)
		}
		b = append(b, '}')
	}
	return r.sent(fiber.StatusOK, append(b, `]}`...))
}
