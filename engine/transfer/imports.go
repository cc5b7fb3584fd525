package transfer

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/store"
)

// Listing says which imports List returns: newest first, older than Before if that is
// not zero, at most Limit; of an object, or with a sender's key or a file's checksum, if
// these are given.
type Listing struct {
	Object, Key, SHA256 string
	Before              id.ID
	Limit               int
}

// List reads the imports that the caller started; one with the right view_setup reads all.
func (s *Service) List(ctx context.Context, t store.Tenant, c *policy.Caller, l Listing) ([]*Import, error) {
	all, err := s.seesAll(ctx, t, c)
	if err != nil {
		return nil, err
	}
	var filter query.All
	if !all {
		filter = append(filter, query.Is(colUser, int64(c.User)))
	}
	for _, only := range []struct {
		column query.Column
		value  string
	}{{colObject, l.Object}, {colKey, l.Key}, {colSHA256, l.SHA256}} {
		if only.value != "" {
			filter = append(filter, query.Is(only.column, only.value))
		}
	}
	filter = append(filter, query.Compare{Ref: query.Field(query.ID), Op: query.Ge, Value: s.oldest()}) // older ones may have lost their jobs
	if l.Before != 0 {
		filter = append(filter, query.Compare{Ref: query.Field(query.ID), Op: query.Lt, Value: int64(l.Before)})
	}
	q := query.Select{Table: importTable, Filter: filter, Sort: []query.Order{{Ref: query.Field(query.ID), Descending: true}}, Limit: l.Limit}
	var found []*Import
	for row, err := range store.Find(ctx, t, q, append([]query.Column{query.ID}, importColumns...)...) {
		if err != nil {
			return nil, fmt.Errorf("listing imports: %w", err)
		}
		im, err := importOf(row.ID(query.ID), row)
		if err != nil {
			return nil, err
		}
		found = append(found, im)
	}
	return found, withJobs(ctx, t, found)
}

// Get reads an import that the caller started; one with the right view_setup reads all.
func (s *Service) Get(ctx context.Context, t store.Tenant, c *policy.Caller, im id.ID) (*Import, error) {
	found, err := load(ctx, t, im)
	if err != nil {
		return nil, err
	}
	if found.By != c.User {
		if all, err := s.seesAll(ctx, t, c); err != nil || !all {
			return nil, errors.Join(err, fault.New(fault.NotFound, "import.not_found"))
		}
	}
	return found, found.withJob(ctx, t)
}

// seesAll reports whether a caller may see the imports of others.
func (s *Service) seesAll(ctx context.Context, t store.Tenant, c *policy.Caller) (bool, error) {
	if c.System {
		return true, nil
	}
	snapshot, err := s.snapshots.Snapshot(ctx, t)
	if err != nil {
		return false, err
	}
	rights, err := snapshot.Policies.Rights(ctx, c)
	if err != nil {
		return false, err
	}
	return rights.System["view_setup"], nil
}

// byKey finds the import that a caller began with a key; nil if there is none.
func (s *Service) byKey(ctx context.Context, t store.Tenant, c *policy.Caller, key string) (*Import, error) {
	if key == "" {
		return nil, nil
	}
	q := query.Select{Table: importTable, Filter: query.And(query.Is(colKey, key), query.Is(colUser, int64(c.User)))}
	row, ok, err := store.First(ctx, t, q, query.ID)
	if err != nil || !ok {
		return nil, err
	}
	found, err := load(ctx, t, row.ID(query.ID))
	if err != nil {
		return nil, err
	}
	return found, found.withJob(ctx, t)
}

// sentAgain is the import for who sends its file a second time. Fault "import.key_reused"
// (Conflict) if it is another.
func (im *Import) sentAgain(file File, o Options) (*Import, error) {
	if file.Upload != 0 {
		if file.Upload != im.text {
			return nil, fault.New(fault.Conflict, "import.key_reused")
		}
		return im.same(im.SHA256, o)
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, file.Text); err != nil {
		return nil, err
	}
	return im.same(hex.EncodeToString(sum.Sum(nil)), o)
}

// same is the import, if it is of the file with a checksum and has these options.
func (im *Import) same(sum string, o Options) (*Import, error) {
	before, err := json.Marshal(im.Options)
	if err != nil {
		return nil, fmt.Errorf("writing the options: %w", err)
	}
	now, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("writing the options: %w", err)
	}
	if im.SHA256 != sum || !bytes.Equal(before, now) {
		return nil, fault.New(fault.Conflict, "import.key_reused")
	}
	return im, nil
}

// withJob reads how far an import is.
func (im *Import) withJob(ctx context.Context, t store.Reader) error {
	return withJobs(ctx, t, []*Import{im})
}

// withJobs reads how far imports are, with one question. Fault "job.not_found".
func withJobs(ctx context.Context, t store.Reader, imports []*Import) error {
	ids := make([]id.ID, len(imports))
	for i, im := range imports {
		ids[i] = im.Job.ID
	}
	jobs, err := job.GetAll(ctx, t, ids)
	if err != nil {
		return err
	}
	for _, im := range imports {
		found := jobs[im.Job.ID]
		if found == nil {
			return fault.New(fault.NotFound, "job.not_found", "id", im.Job.ID.String())
		}
		im.Job = found
		im.Job.Total = im.size // which it tells with the first rows
	}
	return nil
}

// load reads an import; of its job only the id.
func load(ctx context.Context, t store.Reader, im id.ID) (*Import, error) {
	row, ok, err := store.First(ctx, t, query.Select{Table: importTable, Filter: query.Is(query.ID, int64(im))}, importColumns...)
	if err != nil {
		return nil, fmt.Errorf("reading the import: %w", err)
	}
	if !ok {
		return nil, fault.New(fault.NotFound, "import.not_found")
	}
	return importOf(im, row)
}

// importOf makes an import of its row.
func importOf(im id.ID, row store.Found) (*Import, error) {
	found := &Import{ID: im, Object: row.Text(colObject), File: row.Text(colFileName), SHA256: row.Text(colSHA256), Key: row.Text(colKey), By: row.ID(colUser),
		header: row.List(colHeader), headerRow: max(int(row.Int(colHeaderRow)), 1), delimiter: []rune(row.Text(colDelimiter))[0],
		start: row.Int(colStart), size: row.Int(colSize), text: cmp.Or(row.ID(colUpload), im), owns: row.Int(colHeld) > 0, acts: row.List(colPermissions), Job: &job.Job{ID: row.ID(colJob)},
		Created: row.Int(colCreated), Updated: row.Int(colUpdated), Unchanged: row.Int(colUnchanged), Refused: row.Int(colRefused),
		Kept: row.Int(colKept), keptBytes: row.Int(colKeptBytes)}
	if err := json.Unmarshal(row.JSON(colOptions), &found.Options); err != nil {
		return nil, fmt.Errorf("reading the options: %w", err)
	}
	if raw := row.JSON(colReasons); raw != nil {
		if err := json.Unmarshal(raw, &found.reasons); err != nil {
			return nil, fmt.Errorf("reading the reasons of refused rows: %w", err)
		}
	}
	return found, nil
}

// exists reports whether there is an import.
func exists(ctx context.Context, t store.Reader, im id.ID) (bool, error) {
	_, ok, err := store.First(ctx, t, query.Select{Table: importTable, Filter: query.Is(query.ID, int64(im))}, query.ID)
	return ok, err
}

// shortened bounds the name of a file.
func shortened(name string) string {
	if r := []rune(name); len(r) > maxFileName {
		return string(r[:maxFileName])
	}
	return name
}
