package transfer

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/store"
)

// Bounds of the rows that are saved in one transaction.
const (
	batchRows  = 250
	batchBytes = 1 << 20 // of cells, but for those of the last row
)

// line is a row of the file on its way into a record.
type line struct {
	number int
	end    int64 // where the next begins
	cells  []string
	broken *fault.Fault // the row has too many cells, or too few
	data   map[string]any
	at     time.Time // when it was done; the zero time: now
	key    string    // the values of the key fields, "" without a key
	faults []*fault.Fault
}

// size is how many bytes the cells of a line take, about.
func (l *line) size() (n int) {
	for _, cell := range l.cells {
		n += len(cell) + perCell
	}
	return n
}

// perCell is what a cell takes beside its text.
const perCell = 16

// place is where an import goes on: after the row with this number.
type place struct {
	Row    int   `json:"row"`
	Offset int64 `json:"offset"`
}

// Jobs are the kinds of jobs that this room does.
func (s *Service) Jobs() []job.Kind {
	return []job.Kind{{Name: JobKind, Strict: true, Handle: s.Run}}
}

// Run is the handler of the jobs that import. Each batch of rows is saved in one
// transaction together with the counts, the refused rows and the place to go on
// from, so that however often it is stopped no row is done twice or left out.
func (s *Service) Run(ctx context.Context, t store.Tenant, p *job.Progress) error {
	var args struct{ Import string }
	if err := p.Decode(&args); err != nil {
		return err
	}
	number, _ := id.Parse(args.Import)
	im, err := load(ctx, t, number)
	if err != nil {
		return err
	}
	at := place{Row: im.headerRow, Offset: im.start}
	if p.Cursor != nil {
		if err := json.Unmarshal(p.Cursor, &at); err != nil {
			return fmt.Errorf("reading the place to go on from: %w", err)
		}
	}
	run := &running{service: s, tenant: t, progress: p, im: im, at: at,
		rows: resume(im.kept(ctx, t, at.Offset), im.delimiter, im.header, at.Row, at.Offset)}
	for {
		more, err := run.batch(ctx)
		if err != nil {
			return err
		}
		if !more {
			return s.forget(ctx, t, im)
		}
	}
}

// running is one import while it runs.
type running struct {
	service  *Service
	tenant   store.Tenant
	caller   *policy.Caller // with the rights of the last batch
	progress *job.Progress
	im       *Import
	revision int64 // under which the mapping was compiled
	mapping  *mapping
	session  *record.Session
	clock    clock
	rows     *rows
	broken   error                          // ends the file after what was read of it
	at       place                          // after the rows that are saved
	ahead    *line                          // read, and left for the next batch
	matches  map[string]map[string][]string // field -> text -> ids, of lookups
}

// refresh follows the configuration and the caller's rights, which may change while an
// import runs.
func (r *running) refresh(ctx context.Context) error {
	snapshot, err := r.service.snapshots.Snapshot(ctx, r.tenant)
	if err != nil {
		return err
	}
	caller, err := r.service.callers.Acting(ctx, r.tenant, r.im.By, r.im.acts, "import")
	if err != nil {
		return err
	}
	same := r.caller != nil && slices.Equal(caller.Permissions, r.caller.Permissions)
	if r.caller = caller; !same || snapshot.Revision != r.revision {
		r.matches = map[string]map[string][]string{} // other records may be found now
		object, may, err := r.service.permitted(ctx, snapshot, r.caller, &r.im.Options)
		if err != nil {
			return err
		}
		if r.mapping, err = compile(&r.im.Options, r.im.header, object, may); err != nil {
			return err
		}
		r.revision = snapshot.Revision
	}
	r.session = r.service.records.As(r.tenant, snapshot, r.caller)
	if r.im.Options.AnyStage {
		r.session = r.session.InAnyStage()
	}
	r.clock = clock{now: r.service.now(), location: cmp.Or(r.caller.Location, time.UTC)}
	return nil
}

// batch reads, maps and saves some rows; more is false at the end of the file.
func (r *running) batch(ctx context.Context) (more bool, err error) {
	if err := r.refresh(ctx); err != nil {
		return false, err
	}
	lines, end, err := r.read()
	if err != nil || len(lines) == 0 {
		return false, err
	}
	if err := r.resolve(ctx, lines); err != nil {
		return false, err
	}
	ops, of, err := r.operations(ctx, lines)
	if err != nil {
		return false, err
	}
	counted := *r.im
	save := func(tx store.Tx, outcomes []record.Outcome) error {
		counted = *r.im // the transaction may run again
		for i, outcome := range outcomes {
			of[i].faults = nil
			switch {
			case outcome.Fault != nil:
				of[i].faults = outcome.Fault.Each()
			case outcome.Did == "created":
				counted.Created++
			case outcome.Did == "unchanged":
				counted.Unchanged++
			default:
				counted.Updated++
			}
		}
		counted.reasons = r.im.reasons.clone()
		for _, l := range lines {
			if len(l.faults) == 0 {
				continue
			}
			if err := r.refuse(ctx, tx, &counted, l); err != nil {
				return err
			}
		}
		values, err := counted.progress()
		if err != nil {
			return err
		}
		if err := tx.Update(ctx, importTable, r.im.ID, 0, values, nil); err != nil {
			return err
		}
		return r.progress.SaveIn(ctx, tx, end.Offset, r.im.size, end)
	}
	if err := r.save(ctx, ops, save); err != nil {
		return false, err
	}
	*r.im, r.at = counted, end
	return true, nil
}

// save does what the rows ask for, and with says what became of it in the same
// transaction; in a dry run nothing is done, and with is called all the same.
func (r *running) save(ctx context.Context, ops []record.Operation, with func(tx store.Tx, outcomes []record.Outcome) error) error {
	if !r.im.Options.DryRun {
		return r.session.BulkWith(ctx, r.im.Object, ops, with)
	}
	outcomes, err := r.session.Check(ctx, r.im.Object, ops)
	if err != nil {
		return err
	}
	return r.tenant.Write(ctx, func(tx store.Tx) error { return with(tx, outcomes) })
}

// read takes rows until the batch is full, the file ends, or a row has the key of
// one before it, which has to be saved first. end is where the rows that follow begin.
// What breaks the file off is told when the rows before it are saved.
func (r *running) read() (lines []*line, end place, err error) {
	end = r.at
	keys := map[string]bool{}
	for bytes := 0; len(lines) < batchRows && bytes < batchBytes; {
		l, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, end, err
		}
		if l == nil {
			if len(lines) == 0 {
				return nil, end, r.broken
			}
			break
		}
		r.fill(l)
		if l.key != "" && keys[l.key] {
			r.ahead = l
			break
		}
		keys[l.key] = true
		lines = append(lines, l)
		bytes += l.size()
		end = place{Row: l.number, Offset: l.end}
	}
	return lines, end, nil
}

// next is the next row of the file, nil where it is broken.
func (r *running) next() (*line, error) {
	if l := r.ahead; l != nil {
		r.ahead = nil
		return l, nil
	}
	if r.broken != nil {
		return nil, nil
	}
	cells, err := r.rows.next()
	l := &line{number: r.rows.number, end: r.rows.offset()}
	switch {
	case err == nil:
		l.cells = append(l.cells, cells...)
	case fault.Is(err, "import.wrong_number_of_cells"):
		l.broken, l.cells = fault.From(err), fitted(cells, len(r.im.header), r.im.delimiter)
	case errors.Is(err, io.EOF), fault.KindOf(err).Breaks():
		return nil, err
	default:
		r.broken = err
		return nil, nil
	}
	return l, nil
}

// fitted are cells in another number, for the file of refused rows: those that are too
// many stay together in the last.
func fitted(cells []string, n int, delimiter rune) []string {
	out := make([]string, n)
	if copy(out, cells); len(cells) > n {
		out[n-1] = strings.Join(cells[n-1:], string(delimiter))
	}
	return out
}

// fill makes a row's data from its cells; empty cells say nothing.
func (r *running) fill(l *line) {
	l.data, l.key, l.faults = map[string]any{}, "", nil
	if l.broken != nil {
		l.faults = append(l.faults, l.broken)
		return
	}
	for i := range r.mapping.targets {
		t := &r.mapping.targets[i]
		value, problem := t.text(l.cells, r.clock)
		if problem != nil {
			l.faults = append(l.faults, problem.At("/"+t.field.Name))
		} else if value != "" {
			l.data[t.field.Name] = value
		}
	}
	if r.mapping.at != nil {
		var problem *fault.Fault
		if l.at, problem = r.mapping.at.instant(l.cells, r.clock); problem != nil {
			l.faults = append(l.faults, problem)
		}
	}
	if r.mapping.byID && r.im.Options.Mode == "upsert" && l.data[idField] == nil {
		return // a new record
	}
	var key []string
	for _, name := range r.im.Options.Key {
		value, ok := l.data[name].(string)
		if !ok {
			l.faults = append(l.faults, fault.New(fault.Invalid, "import.key_empty", "field", name).At("/"+name))
			return
		}
		key = append(key, r.mapping.shown(name, value))
	}
	if r.mapping.searched() {
		l.key = strings.Join(key, "\x00")
	}
}

// operations are what the rows without faults ask for, and the line of each.
func (r *running) operations(ctx context.Context, lines []*line) (ops []record.Operation, of []*line, err error) {
	found, err := r.find(ctx, lines)
	if err != nil {
		return nil, nil, err
	}
	for _, l := range lines {
		op := record.Operation{Op: "create", Data: l.data, At: l.at}
		switch {
		case r.mapping.unique != "":
			op.Op, op.Key = r.im.Options.Mode, r.mapping.unique
		case r.mapping.byID && l.data[idField] != nil:
			op.Op = "update"
			if op.ID, err = r.mapping.id(l.data); err != nil {
				l.faults = append(l.faults, fault.From(err))
			}
		case l.key != "":
			r.searched(l, found[l.key], &op)
		}
		if len(l.faults) == 0 {
			ops, of = append(ops, op), append(of, l)
		}
	}
	return ops, of, nil
}

// searched makes what a row asks for of the records that have its key.
func (r *running) searched(l *line, ids []id.ID, op *record.Operation) {
	switch {
	case len(ids) > 1:
		l.faults = append(l.faults, fault.New(fault.Conflict, "import.key_ambiguous"))
	case len(ids) == 1:
		op.Op, op.ID = "update", ids[0]
		for _, name := range r.mapping.sought {
			delete(l.data, name)
		}
	case r.im.Options.Mode == "update":
		l.faults = append(l.faults, fault.New(fault.NotFound, "import.key_not_found"))
	}
}
