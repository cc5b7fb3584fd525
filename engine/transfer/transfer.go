// Package transfer moves records in and out in bulk: CSV and workbooks in as a background job
// that goes on where it was stopped, CSV, workbooks and JSON lines out as a stream. Both
// do what their caller may do, no more.
package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// JobKind is the kind of the background jobs that import.
const JobKind = "import"

// lane is that of all imports of a tenant: one may look up what the one before it made.
const lane = "import"

// MaxFile is the largest file that can be imported, in bytes.
const MaxFile = 1 << 30

// maxTenantFiles bounds the files of a tenant that are kept, in bytes: of imports that
// wait, run, failed or were cancelled.
const maxTenantFiles = 4 << 30

// MaxKey bounds the key that a sender gives an import, in characters.
const MaxKey = 100

// maxFileName is how much of a file's name is kept, in characters.
const maxFileName = 200

// chunkSize is how much of a file a row of _import_chunk holds, in bytes.
const chunkSize = 256 << 10

// Snapshots gives the newest configuration of a tenant.
type Snapshots interface {
	Snapshot(ctx context.Context, t store.Tenant) (*catalog.Snapshot, error)
}

// Callers makes the caller that a background job acts as, with the rights the user
// has now.
type Callers interface {
	Acting(ctx context.Context, t store.Tenant, user id.ID, permissions []string, via string) (*policy.Caller, error)
}

// Service imports files. Safe for concurrent use.
type Service struct {
	records   *record.Service
	snapshots Snapshots
	callers   Callers
	ids       *id.Source
	now       func() time.Time
	wake      func(tenant string)
}

// New makes a service. wake is called with a tenant that has a new job.
func New(records *record.Service, snapshots Snapshots, callers Callers, ids *id.Source, now func() time.Time, wake func(tenant string)) *Service {
	return &Service{records: records, snapshots: snapshots, callers: callers, ids: ids, now: now, wake: wake}
}

const (
	importTable = "_import"
	uploadTable = "_import_upload"
	chunkTable  = "_import_chunk"
	errorTable  = "_import_error"
)

var (
	colObject      = query.Column{Name: "object", Storage: fieldtype.Text}
	colOptions     = query.Column{Name: "options", Storage: fieldtype.JSON}
	colHeader      = query.Column{Name: "header", Storage: fieldtype.List}
	colDelimiter   = query.Column{Name: "delimiter", Storage: fieldtype.Text}
	colStart       = query.Column{Name: "start", Storage: fieldtype.Int} // offset of the first row
	colSize        = query.Column{Name: "size", Storage: fieldtype.Int}
	colUser        = query.Column{Name: "user", Storage: fieldtype.Int}
	colPermissions = query.Column{Name: "permissions", Storage: fieldtype.List} // of a key; empty: the user's
	colJob         = query.Column{Name: "job", Storage: fieldtype.Int}
	colCreated     = query.Column{Name: "created", Storage: fieldtype.Int} // counts of rows
	colUpdated     = query.Column{Name: "updated", Storage: fieldtype.Int}
	colUnchanged   = query.Column{Name: "unchanged", Storage: fieldtype.Int}
	colRefused     = query.Column{Name: "refused", Storage: fieldtype.Int}
	colReasons     = query.Column{Name: "reasons", Storage: fieldtype.JSON}   // see reasons; empty: none was refused
	colKept        = query.Column{Name: "kept", Storage: fieldtype.Int}       // refused rows that are kept
	colKeptBytes   = query.Column{Name: "kept_bytes", Storage: fieldtype.Int} // of them
	colHeaderRow   = query.Column{Name: "header_row", Storage: fieldtype.Int} // its number, as spreadsheets count
	colFileName    = query.Column{Name: "file_name", Storage: fieldtype.Text} // as its sender calls it
	colSHA256      = query.Column{Name: "sha256", Storage: fieldtype.Text}    // of the file as it was sent, in hex
	colHeld        = query.Column{Name: "held", Storage: fieldtype.Int}       // bytes of the file that are kept
	colKey         = query.Column{Name: "key", Storage: fieldtype.Text}       // the sender's own name of the import; empty: none
	colUpload      = query.Column{Name: "upload", Storage: fieldtype.Int}     // whose text is imported; empty: the import's own

	colImport = query.Column{Name: "import", Storage: fieldtype.Int}
	colOffset = query.Column{Name: "offset", Storage: fieldtype.Int}
	colText   = query.Column{Name: "text", Storage: fieldtype.Text}

	colRow    = query.Column{Name: "row", Storage: fieldtype.Int}
	colCells  = query.Column{Name: "cells", Storage: fieldtype.List}
	colFaults = query.Column{Name: "faults", Storage: fieldtype.JSON}
)

var importColumns = []query.Column{colObject, colOptions, colHeader, colDelimiter, colStart, colSize, colUser, colPermissions, colJob,
	colCreated, colUpdated, colUnchanged, colRefused, colReasons, colKept, colKeptBytes, colHeaderRow, colFileName, colSHA256, colHeld, colKey, colUpload}

// keyIndex has one import for a user's key.
const keyIndex = "_import_key"

// Tables are the tables this room keeps in every tenant.
func Tables() []store.Table {
	byImport := func(name string, second query.Column) []store.Index {
		return []store.Index{{Name: name, Columns: []store.IndexColumn{{Column: colImport}, {Column: second}}}}
	}
	return []store.Table{
		{Name: importTable, Columns: importColumns, Indexes: []store.Index{
			{Name: keyIndex, Columns: []store.IndexColumn{{Column: colKey}, {Column: colUser}}, Unique: true}}},
		{Name: uploadTable, Columns: uploadColumns},
		{Name: chunkTable, Columns: []query.Column{colImport, colOffset, colText}, Indexes: byImport("_import_chunk_offset", colOffset)},
		{Name: errorTable, Columns: []query.Column{colImport, colRow, colCells, colFaults}, Indexes: byImport("_import_error_row", colRow)},
	}
}

// Import is an import as it stands.
type Import struct {
	ID      id.ID
	Object  string
	Options Options
	Job     *job.Job
	File    string // as its sender calls it; may be empty
	SHA256  string // of the file as it was sent, in hex; empty of imports that are older than this field
	Key     string // the sender's own name of the import; may be empty
	By      id.ID
	// Counts of rows so far; Kept are those of the refused ones that Refused yields.
	Created, Updated, Unchanged, Refused, Kept int64

	header    []string
	headerRow int
	delimiter rune
	text      id.ID // under which the text of the file is kept
	owns      bool  // the text goes when the import is done
	start     int64
	size      int64
	acts      []string
	reasons   reasons
	keptBytes int64
}

// File is a file that is sent to be imported.
type File struct {
	Name string // as its sender calls it; may be empty
	// Key, if not empty, is the sender's own name of the import: sent again with the same
	// key and file, it is found and not made a second time.
	Key  string
	Text io.Reader
	// Upload, if not zero, is a file that Preview kept, in place of Name and Text.
	Upload id.ID
}

// Start keeps a file, unless it was uploaded before, and begins to import it in the
// background: it checks the options against the file's heading, and the rest of the file for
// its encoding and size, before it returns the import. Nothing remains of a file that is
// refused. An upload is the import's from then on, if this is no dry run. An
// import that the caller began with the same key before is returned as it stands; fault
// import.key_reused (Conflict) if that was of another file or with other options.
func (s *Service) Start(ctx context.Context, t store.Tenant, c *policy.Caller, o Options, file File) (*Import, error) {
	snapshot, err := s.snapshots.Snapshot(ctx, t)
	if err != nil {
		return nil, err
	}
	object, may, err := s.permitted(ctx, snapshot, c, &o)
	if err != nil {
		return nil, err
	}
	if n := utf8.RuneCountInString(file.Key); n > MaxKey {
		return nil, fault.New(fault.Invalid, "import.key", "max", MaxKey)
	}
	if known, err := s.byKey(ctx, t, c, file.Key); known != nil || err != nil {
		if err != nil {
			return nil, err
		}
		return known.sentAgain(file, o)
	}
	up, err := s.received(ctx, t, c, &o, file)
	if err != nil {
		return nil, err
	}
	im := &Import{ID: s.ids.Next(), Object: o.Object, Options: o, By: c.User, Key: file.Key, File: up.name, SHA256: up.sha256,
		text: up.id, size: up.size, delimiter: up.delimiter, owns: file.Upload == 0 || !o.DryRun}
	if c.Via == "key" {
		im.acts = c.Permissions
	}
	if err := s.begin(ctx, t, im, up, object, may); err != nil {
		if file.Upload == 0 {
			err = errors.Join(err, s.drop(context.WithoutCancel(ctx), t, up.id))
		}
		if !fault.Is(err, "store.not_unique") {
			return nil, err
		}
		known, found := s.byKey(ctx, t, c, file.Key) // it was sent twice at a time
		if found != nil || known == nil {
			return nil, errors.Join(err, found)
		}
		return known.same(im.SHA256, o)
	}
	s.wake(t.Name())
	return im, nil
}

// permitted finds the object and what the caller may do with fields.
func (s *Service) permitted(ctx context.Context, snapshot *catalog.Snapshot, c *policy.Caller, o *Options) (*catalog.Object, permit, error) {
	name := o.Object
	rights, err := imports(ctx, snapshot, c, o)
	if err != nil {
		return nil, permit{}, err
	}
	object, ok := snapshot.Objects[name]
	if !ok || !c.System && !rights.Objects[name].Read {
		return nil, permit{}, fault.New(fault.Invalid, "import.unknown_object", "object", name).At("/object")
	}
	return object, permit{
		fills: func(f *catalog.Field) bool { return c.System || rights.Objects[name].Fields[f.Name] == "edit" },
		reads: func(o *catalog.Object, f *catalog.Field) bool {
			of := rights.Objects[o.Doc.Name]
			return c.System || of.Read && of.Fields[f.Name] != ""
		},
		constants: snapshot.Constants,
	}, nil
}

// imports are the rights of a caller who may import with such options.
func imports(ctx context.Context, snapshot *catalog.Snapshot, c *policy.Caller, o *Options) (*policy.Rights, error) {
	rights, err := snapshot.Policies.Rights(ctx, c)
	if err != nil {
		return nil, err
	}
	needed := []string{"import"}
	if o.AnyStage || o.At != nil {
		needed = append(needed, "import_stages")
	}
	for _, right := range needed {
		if !c.System && !rights.System[right] {
			return nil, fault.New(fault.Forbidden, "auth.right_missing", "right", right)
		}
	}
	return rights, nil
}

// keep stores the text of a file in chunks, each in a transaction of its own, so
// that a large file neither fills the memory nor holds up other writers.
func (s *Service) keep(ctx context.Context, t store.Tenant, of id.ID, file io.Reader) (size int64, err error) {
	held, err := s.held(ctx, t)
	if err != nil {
		return 0, err
	}
	buffer, carried := make([]byte, chunkSize), 0 // bytes of a character that the chunk before cut
	for {
		// Not to the last byte: what is checked for its encoding comes by whole characters.
		n, err := io.ReadAtLeast(file, buffer[carried:], chunkSize-carried-utf8.UTFMax)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, err
		}
		n += carried
		cut := wholeCharacters(buffer[:n], err != nil)
		if cut > 0 {
			text, offset := string(buffer[:cut]), size
			if size += int64(cut); size > MaxFile {
				return 0, fault.New(fault.TooLarge, "import.too_large", "limit", int64(MaxFile))
			}
			if held+size > maxTenantFiles {
				return 0, fault.New(fault.Limited, "import.quota", "limit", int64(maxTenantFiles))
			}
			if err := t.Write(ctx, func(tx store.Tx) error {
				return tx.Insert(ctx, chunkTable, s.ids.Next(), map[string]any{"import": int64(of), "offset": offset, "text": text}, nil)
			}); err != nil {
				return 0, fmt.Errorf("keeping the file: %w", err)
			}
		}
		if err != nil {
			return size, nil
		}
		carried = copy(buffer, buffer[cut:n])
	}
}

// begin reads the heading, checks the options and enqueues the job.
func (s *Service) begin(ctx context.Context, t store.Tenant, im *Import, up *upload, object *catalog.Object, may permit) error {
	if named, err := oneDelimiter(im.Options.Delimiter); err != nil {
		return err
	} else if named != 0 && up.sheet == "" {
		im.delimiter = named
	}
	rows, err := newRows(im.kept(ctx, t, 0), im.delimiter)
	if err != nil {
		return err
	}
	im.header, im.headerRow, im.start = rows.header, rows.number, rows.offset()
	if _, err := compile(&im.Options, im.header, object, may); err != nil {
		return err
	}
	options, err := json.Marshal(im.Options)
	if err != nil {
		return fmt.Errorf("writing the options: %w", err)
	}
	return t.Write(ctx, func(tx store.Tx) error {
		held := int64(0)
		if im.owns {
			if err := up.take(ctx, tx); err != nil {
				return err
			}
			held = im.size
		}
		queued, err := job.Enqueue(ctx, tx, s.ids, s.now(), job.New{Kind: JobKind, Args: map[string]string{"import": im.ID.String()}, Lane: lane, By: im.By})
		if err != nil {
			return err
		}
		im.Job = &job.Job{ID: queued, Kind: JobKind, State: job.Waiting, Total: im.size, By: im.By, CreatedAt: s.now()}
		return tx.Insert(ctx, importTable, im.ID, map[string]any{"object": im.Object, "options": json.RawMessage(options),
			"header": im.header, "delimiter": string(im.delimiter), "start": im.start, "size": im.size, "held": held, "user": int64(im.By),
			"permissions": listOrNil(im.acts), "job": int64(queued), "header_row": int64(im.headerRow),
			"file_name": store.Text(im.File), "sha256": im.SHA256, "key": store.Text(im.Key), "upload": int64(im.text),
			"created": int64(0), "updated": int64(0), "unchanged": int64(0), "refused": int64(0)}, nil)
	})
}

// keptFor is how long imports, and files that were never imported to their end, are
// kept; as long as the jobs that imported them.
const keptFor = 30 * 24 * time.Hour

// oldest is the least id of what is kept.
func (s *Service) oldest() int64 { return int64(id.At(s.now().Add(-keptFor))) }

// sweep removes what is older, and makes room for what a new import may keep. Ids are
// ordered by time.
func (s *Service) sweep(ctx context.Context, t store.Tenant) error {
	if err := s.makeRoom(ctx, t, maxTenantRefused-maxRefusedBytes); err != nil {
		return err
	}
	if err := s.sweepUploads(ctx, t); err != nil {
		return err
	}
	before := query.Compare{Ref: query.Field(query.ID), Op: query.Lt, Value: s.oldest()}
	return t.Write(ctx, func(tx store.Tx) error {
		for _, table := range Tables() {
			if _, err := tx.DeleteWhere(ctx, table.Name, before); err != nil {
				return fmt.Errorf("removing old imports: %w", err)
			}
		}
		return nil
	})
}

// forget removes the text of an import's file, if it is its own.
func (s *Service) forget(ctx context.Context, t store.Tenant, im *Import) error {
	if !im.owns {
		return nil
	}
	return t.Write(ctx, func(tx store.Tx) error {
		if _, err := tx.DeleteWhere(ctx, chunkTable, query.Is(colImport, int64(im.text))); err != nil {
			return err
		}
		there, err := exists(ctx, tx, im.ID)
		if err != nil || !there {
			return err // it is so old that it was removed
		}
		return tx.Update(ctx, importTable, im.ID, 0, map[string]any{"held": int64(0)}, nil)
	})
}

// held is how many bytes of files are kept in a tenant.
func (s *Service) held(ctx context.Context, t store.Tenant) (bytes int64, err error) {
	for _, table := range []string{importTable, uploadTable} {
		q := query.Aggregate{Table: table, Measures: []query.Measure{{Op: query.Sum, Ref: query.Field(colHeld)}}}
		for row, err := range t.Aggregate(ctx, q) {
			if err != nil {
				return 0, fmt.Errorf("measuring the files that are kept: %w", err)
			}
			sum, _ := row[0].(int64)
			bytes += sum
		}
	}
	return bytes, nil
}

// kept reads the text of a file from where it was kept.
type kept struct {
	ctx    context.Context
	tenant store.Reader
	of     id.ID // the upload, or the import, that the text was kept for
	size   int64
	offset int64 // of what is read next
	text   string
}

// kept reads the text of an import's file from an offset on.
func (im *Import) kept(ctx context.Context, t store.Reader, offset int64) *kept {
	return &kept{ctx: ctx, tenant: t, of: im.text, size: im.size, offset: offset}
}

func (k *kept) Read(p []byte) (int, error) {
	if k.text == "" {
		if k.offset >= k.size {
			return 0, io.EOF
		}
		if err := k.load(); err != nil {
			return 0, err
		}
	}
	n := copy(p, k.text)
	k.text = k.text[n:]
	k.offset += int64(n)
	return n, nil
}

// load reads the chunk in which the offset lies.
func (k *kept) load() error {
	q := query.Select{Table: chunkTable,
		Filter: query.All{query.Is(colImport, int64(k.of)),
			query.Compare{Ref: query.Field(colOffset), Op: query.Le, Value: k.offset}},
		Sort: []query.Order{{Ref: query.Field(colOffset), Descending: true}, {Ref: query.Field(query.ID), Descending: true}}}
	chunk, ok, err := store.First(k.ctx, k.tenant, q, colOffset, colText)
	if err != nil {
		return fmt.Errorf("reading the file: %w", err)
	}
	if ok {
		if text, from := chunk.Text(colText), k.offset-chunk.Int(colOffset); from < int64(len(text)) {
			k.text = text[from:]
			return nil
		}
	}
	return fault.New(fault.NotFound, "import.file_gone").Because(fmt.Errorf("nothing at offset %d of %d", k.offset, k.size))
}
