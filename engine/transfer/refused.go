package transfer

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

// Bounds of what is kept of refused rows. All of them are counted by their reasons; of
// each reason the first rows are told.
const (
	maxRefusedRows  = 10_000  // of an import
	maxRefusedBytes = 8 << 20 // of an import: cells and reasons
	maxRowFaults    = 10      // of a row
	maxFaultParams  = 1_000   // bytes of the parameters of one fault
	maxReasons      = 100     // of an import that are told apart
	maxReasonRows   = 5       // that are told of a reason
	// maxTenantRefused bounds what is kept for all imports of a tenant. Before a new one
	// begins, the rows of the oldest give way.
	maxTenantRefused = 64 << 20
)

// keptFault is a fault as it is kept: its code with the parameters of its text.
type keptFault struct {
	Kind    fault.Kind     `json:"kind"`
	Code    string         `json:"code"`
	Params  map[string]any `json:"params,omitempty"`
	Pointer string         `json:"pointer,omitempty"`
	Subject string         `json:"subject,omitempty"`
}

func keptOf(f *fault.Fault) keptFault {
	return keptFault{Kind: f.Kind, Code: f.Code, Params: boundedParams(f.Params), Pointer: f.Pointer, Subject: f.Subject}
}

func (k keptFault) fault() *fault.Fault {
	return &fault.Fault{Kind: k.Kind, Code: k.Code, Params: k.Params, Pointer: k.Pointer, Subject: k.Subject}
}

// boundedParams are parameters with long texts cut and, where they are still too many,
// without what is no number or short text.
func boundedParams(params map[string]any) map[string]any {
	if raw, err := json.Marshal(params); err == nil && len(raw) <= maxFaultParams {
		return params
	}
	share := maxFaultParams / (2 * len(params))
	bounded := make(map[string]any, len(params))
	for name, v := range params {
		switch v := v.(type) {
		case string:
			if len(v) > share {
				v = v[:wholeCharacters([]byte(v[:share]), false)] + "…"
			}
			bounded[name] = v
		case int, int64, float64, bool, json.Number:
			bounded[name] = v
		}
	}
	return bounded
}

// Reason is why rows of an import were refused.
type Reason struct {
	Code  string
	Field string // "": the row as a whole
	Count int64  // of rows
	Rows  []int64
	First *fault.Fault // that of the first row
}

// reasons are the reasons of an import, as they are kept.
type reasons struct {
	Kept   []keptReason `json:"reasons,omitempty"`
	Others int64        `json:"others,omitempty"` // rows with reasons beyond maxReasons
}

type keptReason struct {
	First keptFault `json:"first"`
	Count int64     `json:"count"`
	Rows  []int64   `json:"rows"`
}

func (r reasons) clone() reasons {
	r.Kept = slices.Clone(r.Kept)
	return r
}

// field is the field that a fault is about, "" for none.
func (k keptFault) field() string {
	return strings.SplitN(strings.TrimPrefix(k.Pointer, "/"), "/", 2)[0]
}

// count counts a refused row, once for each reason.
func (r *reasons) count(row int64, faults []*fault.Fault) {
	seen := map[[2]string]bool{}
	for _, f := range faults {
		kept := keptOf(f)
		key := [2]string{kept.Code, kept.field()}
		if seen[key] {
			continue
		}
		seen[key] = true
		i := slices.IndexFunc(r.Kept, func(k keptReason) bool { return k.First.Code == key[0] && k.First.field() == key[1] })
		switch {
		case i < 0 && len(r.Kept) >= maxReasons:
			r.Others++
		case i < 0:
			r.Kept = append(r.Kept, keptReason{First: kept, Count: 1, Rows: []int64{row}})
		default:
			of := &r.Kept[i]
			if of.Count++; len(of.Rows) < maxReasonRows {
				of.Rows = append(slices.Clone(of.Rows), row)
			}
		}
	}
}

// Reasons are why rows were refused, the most frequent first. others is how many rows had
// reasons beyond those.
func (im *Import) Reasons() (told []Reason, others int64) {
	for _, k := range im.reasons.Kept {
		told = append(told, Reason{Code: k.First.Code, Field: k.First.field(), Count: k.Count, Rows: k.Rows, First: k.First.fault()})
	}
	slices.SortStableFunc(told, func(a, b Reason) int { return int(b.Count - a.Count) })
	return told, im.reasons.Others
}

// refuse counts a row that was refused and keeps it with the reasons, as far as the import
// has room for it.
func (r *running) refuse(ctx context.Context, tx store.Tx, im *Import, l *line) error {
	im.Refused++
	im.reasons.count(int64(l.number), l.faults)
	if im.Kept >= maxRefusedRows || im.keptBytes >= maxRefusedBytes {
		return nil
	}
	var why []keptFault
	for _, f := range l.faults[:min(len(l.faults), maxRowFaults)] {
		why = append(why, keptOf(f))
	}
	raw, err := json.Marshal(why)
	if err != nil {
		return fmt.Errorf("writing reasons: %w", err)
	}
	cells := l.cells
	for len(cells) > 0 && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1] // as many as the heading has are given back
	}
	bytes := int64(len(raw))
	for _, cell := range cells {
		bytes += int64(len(cell)) + 3
	}
	if im.keptBytes+bytes > maxRefusedBytes {
		return nil
	}
	im.Kept++
	im.keptBytes += bytes
	return tx.Insert(ctx, errorTable, r.service.ids.Next(), map[string]any{
		"import": int64(r.im.ID), "row": int64(l.number), "cells": listOrNil(cells), "faults": json.RawMessage(raw)}, nil)
}

// columns that the file of refused rows adds, or fills anew where it was sent again.
const (
	rowColumn     = "_row"
	reasonsColumn = "_reasons"
)

// Refused yields the rows of an import that were refused and kept, in the order of the
// file, as a CSV file to correct and send again: the columns it had, and the reasons.
func (s *Service) Refused(ctx context.Context, t store.Tenant, im *Import, language string, yield func(cells []string) error) error {
	with := func(cells []string, row, reasons string) []string {
		out := make([]string, 0, len(im.header)+2)
		for i, name := range im.header {
			if oneOf(name, rowColumn, reasonsColumn) {
				continue
			}
			cell := ""
			if i < len(cells) {
				cell = cells[i]
			}
			out = append(out, cell)
		}
		return append(out, row, reasons)
	}
	if err := yield(with(im.header, rowColumn, reasonsColumn)); err != nil {
		return err
	}
	q := query.Select{Table: errorTable, Filter: query.Is(colImport, int64(im.ID)),
		Sort: []query.Order{{Ref: query.Field(colRow)}, {Ref: query.Field(query.ID)}}}
	for row, err := range store.Find(ctx, t, q, colRow, colCells, colFaults) {
		if err != nil {
			return fmt.Errorf("reading refused rows: %w", err)
		}
		var kept []keptFault
		if err := json.Unmarshal(row.JSON(colFaults), &kept); err != nil {
			return fmt.Errorf("reading reasons: %w", err)
		}
		var texts []string
		for _, k := range kept {
			texts = append(texts, k.text(language))
		}
		if err := yield(with(row.List(colCells), strconv.FormatInt(row.Int(colRow), 10), guarded(strings.Join(texts, " | ")))); err != nil {
			return err
		}
	}
	return nil
}

// text is a fault of a row in a language, with the field that it is about.
func (k keptFault) text(language string) string {
	text := k.fault().Text(language)
	if k.Subject == "" {
		text = strings.TrimPrefix(k.Pointer+": ", ": ") + text
	}
	return text
}

// makeRoom removes the refused rows of the oldest imports of a tenant until those that
// are kept have no more than most bytes. Of what is removed the counts and reasons stay.
func (s *Service) makeRoom(ctx context.Context, t store.Tenant, most int64) error {
	return t.Write(ctx, func(tx store.Tx) error {
		type size struct {
			im    id.ID
			bytes int64
		}
		var oldest []size
		var total int64
		q := query.Select{Table: importTable, Filter: query.Compare{Ref: query.Field(colKeptBytes), Op: query.Gt, Value: int64(0)},
			Sort: []query.Order{{Ref: query.Field(query.ID)}}}
		for row, err := range store.Find(ctx, tx, q, query.ID, colKeptBytes) {
			if err != nil {
				return fmt.Errorf("looking for refused rows: %w", err)
			}
			oldest = append(oldest, size{row.ID(query.ID), row.Int(colKeptBytes)})
			total += row.Int(colKeptBytes)
		}
		for _, of := range oldest {
			if total <= most {
				break
			}
			total -= of.bytes
			if _, err := tx.DeleteWhere(ctx, errorTable, query.Is(colImport, int64(of.im))); err != nil {
				return fmt.Errorf("removing refused rows: %w", err)
			}
			if err := tx.Update(ctx, importTable, of.im, 0, map[string]any{"kept": int64(0), "kept_bytes": int64(0)}, nil); err != nil {
				return fmt.Errorf("removing refused rows: %w", err)
			}
		}
		return nil
	})
}

// progress are the columns that a batch changes.
func (im *Import) progress() (map[string]any, error) {
	values := map[string]any{"created": im.Created, "updated": im.Updated, "unchanged": im.Unchanged, "refused": im.Refused,
		"kept": im.Kept, "kept_bytes": im.keptBytes}
	if im.reasons.Kept != nil {
		raw, err := json.Marshal(im.reasons)
		if err != nil {
			return nil, fmt.Errorf("writing reasons: %w", err)
		}
		values["reasons"] = json.RawMessage(raw)
	}
	return values, nil
}
