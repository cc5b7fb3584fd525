package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store"
)

// batchRows is how many rows are saved in one transaction.
const batchRows = 250

// line is a row of the file on its way into a record.
type line struct {
	number int
	cells  []string
	data   map[string]any
	key    string // the values of the key fields, "" without a key
	faults []*fault.Fault
}

// place is where a resumed import goes on.
type place struct {
	Row    int   `json:"row"`
	Offset int64 `json:"offset"`
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
	at := place{Offset: im.start}
	if p.Cursor != nil {
		if err := json.Unmarshal(p.Cursor, &at); err != nil {
			return fmt.Errorf("reading the place to go on from: %w", err)
		}
	}
	run := &running{service: s, tenant: t, progress: p, im: im, at: at,
		rows: resume(&kept{ctx: ctx, tenant: t, im: im, offset: at.Offset}, im.delimiter, im.header, at.Row, at.Offset)}
	for {
		more, err := run.batch(ctx)
		if err != nil {
			return err
		}
		if !more {
			return s.forget(ctx, t, im.ID)
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
	rows     *rows
	at       place                          // after the rows that are saved
	held     *line                          // read, and left for the next batch
	matches  map[string]map[string][]string // field -> text -> ids, of lookups
}

// refresh follows the configuration and the caller's rights, which may change while an
// import runs.
func (r *running) refresh(ctx context.Context) error {
	snapshot, err := r.service.snapshots.Snapshot(ctx, r.tenant)
	if err != nil {
		return err
	}
	caller, err := r.service.callers.Acting(ctx, r.tenant, r.im.user, r.im.acts, "import")
	if err != nil {
		return err
	}
	same := r.caller != nil && slices.Equal(caller.Permissions, r.caller.Permissions)
	if r.caller = caller; !same || snapshot.Revision != r.revision {
		r.matches = map[string]map[string][]string{} // other records may be found now
		object, may, err := r.service.permitted(ctx, snapshot, r.caller, r.im.Object)
		if err != nil {
			return err
		}
		if r.mapping, err = compile(&r.im.Options, r.im.header, object, may); err != nil {
			return err
		}
		r.revision = snapshot.Revision
	}
	r.session = r.service.records.As(r.tenant, snapshot, r.caller)
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
		for _, l := range lines {
			if len(l.faults) == 0 {
				continue
			}
			counted.Refused++
			if err := r.refuse(ctx, tx, l); err != nil {
				return err
			}
		}
		if err := tx.Update(ctx, importTable, r.im.ID, 0, map[string]any{"created": counted.Created,
			"updated": counted.Updated, "unchanged": counted.Unchanged, "refused": counted.Refused}, nil); err != nil {
			return err
		}
		return r.progress.SaveIn(ctx, tx, end.Offset, r.im.size, end)
	}
	if r.im.Options.DryRun {
		outcomes, err := r.session.Check(ctx, r.im.Object, ops)
		if err != nil {
			return false, err
		}
		err = r.tenant.Write(ctx, func(tx store.Tx) error { return save(tx, outcomes) })
		if err != nil {
			return false, err
		}
	} else if err := r.session.BulkWith(ctx, r.im.Object, ops, save); err != nil {
		return false, err
	}
	*r.im, r.at = counted, end
	return true, nil
}

// read takes rows until the batch is full, the file ends, or a row has the key of
// one before it, which has to be saved first. end is where the rows that follow begin.
func (r *running) read() (lines []*line, end place, err error) {
	end = r.at
	keys := map[string]bool{}
	for len(lines) < batchRows {
		l := r.held
		r.held = nil
		if l == nil {
			cells, err := r.rows.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, end, err
			}
			l = &line{number: r.rows.number, cells: append([]string(nil), cells...)}
			r.fill(l)
		}
		if l.key != "" && keys[l.key] {
			r.held = l
			break
		}
		keys[l.key] = true
		lines = append(lines, l)
		end = place{Row: l.number, Offset: r.rows.offset()}
	}
	return lines, end, nil
}

// fill makes a row's data from its cells; empty cells say nothing.
func (r *running) fill(l *line) {
	l.data = map[string]any{}
	for i := range r.mapping.targets {
		t := &r.mapping.targets[i]
		value, problem := t.text(l.cells, r.service.now())
		if problem != nil {
			l.faults = append(l.faults, problem.At("/"+t.field.Name))
		} else if value != "" {
			l.data[t.field.Name] = value
		}
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
	l.key = strings.Join(key, "\x00")
}

// operations are what the rows without faults ask for, and the line of each.
func (r *running) operations(ctx context.Context, lines []*line) (ops []record.Operation, of []*line, err error) {
	found, err := r.find(ctx, lines)
	if err != nil {
		return nil, nil, err
	}
	for _, l := range lines {
		if len(l.faults) > 0 {
			continue
		}
		op := record.Operation{Op: "create", Data: l.data}
		if l.key != "" {
			switch ids := found[l.key]; {
			case len(ids) > 1:
				l.faults = append(l.faults, fault.New(fault.Conflict, "import.key_ambiguous"))
				continue
			case len(ids) == 1:
				op.Op, op.ID = "update", ids[0]
			case r.im.Options.Mode == "update":
				l.faults = append(l.faults, fault.New(fault.NotFound, "import.key_not_found"))
				continue
			}
		}
		ops, of = append(ops, op), append(of, l)
	}
	return ops, of, nil
}

// refuse keeps a row that was refused, with the reasons.
func (r *running) refuse(ctx context.Context, tx store.Tx, l *line) error {
	type reason struct {
		Kind    fault.Kind     `json:"kind"`
		Code    string         `json:"code"`
		Params  map[string]any `json:"params,omitempty"`
		Pointer string         `json:"pointer,omitempty"`
		Subject string         `json:"subject,omitempty"`
	}
	var reasons []reason
	for _, f := range l.faults {
		reasons = append(reasons, reason{f.Kind, f.Code, f.Params, f.Pointer, f.Subject})
	}
	raw, err := json.Marshal(reasons)
	if err != nil {
		return fmt.Errorf("writing reasons: %w", err)
	}
	return tx.Insert(ctx, errorTable, r.service.ids.Next(), map[string]any{
		"import": int64(r.im.ID), "row": int64(l.number), "cells": l.cells, "faults": json.RawMessage(raw)}, nil)
}

// Refused yields the rows of an import that were refused, in the order of the file,
// as a CSV file to correct and send again: the columns it had, and the reasons.
func (s *Service) Refused(ctx context.Context, t store.Tenant, im *Import, language string, yield func(cells []string) error) error {
	if err := yield(append(append([]string(nil), im.header...), "_row", "_reasons")); err != nil {
		return err
	}
	q := query.Select{Table: errorTable, Columns: []query.Ref{query.Field(colRow), query.Field(colCells), query.Field(colFaults)},
		Filter: query.Compare{Ref: query.Field(colImport), Op: query.Eq, Value: int64(im.ID)},
		Sort:   []query.Order{{Ref: query.Field(colRow)}, {Ref: query.Field(query.ID)}}}
	for v, err := range t.Select(ctx, q) {
		if err != nil {
			return fmt.Errorf("reading refused rows: %w", err)
		}
		var reasons []*fault.Fault
		if err := json.Unmarshal(v[2].(json.RawMessage), &reasons); err != nil {
			return fmt.Errorf("reading reasons: %w", err)
		}
		var texts []string
		for _, f := range reasons {
			text := f.Text(language)
			if f.Subject == "" {
				text = strings.TrimPrefix(f.Pointer+": ", ": ") + text
			}
			texts = append(texts, text)
		}
		cells, _ := v[1].([]string)
		if err := yield(append(append([]string(nil), cells...), fmt.Sprint(v[0]), strings.Join(texts, " | "))); err != nil {
			return err
		}
	}
	return nil
}
