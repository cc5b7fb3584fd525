package api

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/engine/transfer"
)

// headerIdempotency names a request, so that it has its effect once.
const headerIdempotency = "Idempotency-Key"

// startImport is POST /imports.
func (s *Server) startImport(r *request) error {
	options, file, err := r.importForm()
	if err != nil {
		return err
	}
	file.Key = strings.Clone(r.http.Get(headerIdempotency))
	started, err := s.o.Imports.Start(r.ctx, r.tenant, r.caller, *options, file)
	if err != nil {
		return err
	}
	r.http.Set(fiber.HeaderLocation, Prefix+"/imports/"+started.ID.String())
	return r.json(fiber.StatusAccepted, r.importAnswer(started))
}

// importForm reads multipart form data: the part "options" (JSON, see transfer.Options) before
// the part "file", or "upload", the id of a file that was sent before.
func (r *request) importForm() (*transfer.Options, transfer.File, error) {
	r.share.Rest() // while the file arrives
	kind, params, err := mime.ParseMediaType(r.http.Get(fiber.HeaderContentType))
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return nil, transfer.File{}, fault.New(fault.Malformed, "api.multipart")
	}
	parts := multipart.NewReader(r.arriving(), strings.Clone(params["boundary"]))
	options, err := importOptions(parts)
	if err != nil {
		return nil, transfer.File{}, err
	}
	part, err := parts.NextPart()
	if err != nil {
		return nil, transfer.File{}, fault.New(fault.Malformed, "api.multipart").Because(err)
	}
	switch part.FormName() {
	case "file":
		return options, transfer.File{Name: part.FileName(), Text: part}, nil
	case "upload":
		raw, err := io.ReadAll(io.LimitReader(part, 64))
		if err != nil {
			return nil, transfer.File{}, fault.New(fault.Malformed, "api.unreadable").Because(err)
		}
		of, ok := id.Parse(string(raw))
		if !ok {
			return nil, transfer.File{}, fault.New(fault.Invalid, "import.upload_not_found").At("/upload")
		}
		return options, transfer.File{Upload: of}, nil
	}
	return nil, transfer.File{}, fault.New(fault.Malformed, "api.multipart")
}

// importOptions reads the first part.
func importOptions(parts *multipart.Reader) (*transfer.Options, error) {
	part, err := parts.NextPart()
	if err != nil || part.FormName() != "options" {
		return nil, fault.New(fault.Malformed, "api.multipart").Because(err)
	}
	raw, err := io.ReadAll(io.LimitReader(part, smallBody+1))
	if err != nil {
		return nil, fault.New(fault.Malformed, "api.unreadable").Because(err)
	}
	if len(raw) > smallBody {
		return nil, fault.New(fault.TooLarge, "api.too_large", "limit", smallBody)
	}
	var options transfer.Options
	if err := fit(raw, &options); err != nil {
		return nil, err
	}
	return &options, nil
}

// Import is an import as the API shows it.
type Import struct {
	ID        string     `json:"id" schema:"ID"`
	Job       string     `json:"job" schema:"ID"` // to cancel it, or have it go on
	Object    string     `json:"object"`
	File      string     `json:"file,omitempty"`   // as its sender calls it
	SHA256    string     `json:"sha256,omitempty"` // of the file as it was sent, in hexadecimal digits
	Key       string     `json:"key,omitempty"`    // that it was sent with
	By        string     `json:"by,omitempty" schema:"ID"`
	DryRun    bool       `json:"dry_run,omitempty"`
	AnyStage  bool       `json:"any_stage,omitempty"` // its records may begin in any stage
	Dated     bool       `json:"dated,omitempty"`     // its records have times of the past
	State     string     `json:"state" enum:"waiting,running,done,failed,cancelled"`
	Done      int64      `json:"done"` // bytes of the file
	Total     int64      `json:"total"`
	Created   int64      `json:"created"`
	Updated   int64      `json:"updated"`
	Unchanged int64      `json:"unchanged"`
	Refused   int64      `json:"refused"`
	Kept      int64      `json:"refused_kept"` // of the refused rows, those in the file of errors
	StartedAt *time.Time `json:"started_at,omitempty"`
	EndedAt   *time.Time `json:"ended_at,omitempty"`
	Code      string     `json:"code,omitempty"` // why it failed
	Detail    string     `json:"detail,omitempty"`
	// Reasons are why rows were refused, the most frequent first.
	Reasons []ImportReason `json:"reasons"`
	// OtherReasons is how many rows were refused for reasons that are not among them.
	OtherReasons int64 `json:"other_reasons,omitempty"`
}

// ImportReason is a reason for which rows of an import were refused.
type ImportReason struct {
	Code   string  `json:"code" schema:"ProblemCode"`
	Field  string  `json:"field,omitempty"`  // absent: the row as a whole
	Count  int64   `json:"count"`            // of rows
	Rows   []int64 `json:"rows"`             // the first, by the number that a spreadsheet shows
	Detail string  `json:"detail,omitempty"` // of the first row, for who sent it
}

// importAnswer shows an import. What its rows held is shown to who sent them.
func (r *request) importAnswer(im *transfer.Import) Import {
	language := r.language()
	shown := Import{ID: im.ID.String(), Job: im.Job.ID.String(), Object: im.Object, File: im.File, SHA256: im.SHA256, Key: im.Key, By: im.By.String(),
		DryRun: im.Options.DryRun, AnyStage: im.Options.AnyStage, Dated: im.Options.At != nil, State: im.Job.State, Done: im.Job.Done, Total: im.Job.Total,
		Created: im.Created, Updated: im.Updated, Unchanged: im.Unchanged, Refused: im.Refused, Kept: im.Kept, Reasons: []ImportReason{}}
	reasons, others := im.Reasons()
	shown.OtherReasons = others
	for _, why := range reasons {
		reason := ImportReason{Code: why.Code, Field: why.Field, Count: why.Count, Rows: why.Rows}
		if im.By == r.caller.User {
			reason.Detail = why.First.Text(language)
		}
		shown.Reasons = append(shown.Reasons, reason)
	}
	if !im.Job.StartedAt.IsZero() {
		shown.StartedAt = &im.Job.StartedAt
	}
	if !im.Job.EndedAt.IsZero() {
		shown.EndedAt = &im.Job.EndedAt
	}
	if f := im.Job.Fault(); f != nil {
		shown.Code, shown.Detail = f.Code, f.Text(language)
	}
	return shown
}

// listImports is GET /imports, newest first: those of the caller, or of everybody for who
// may see the setup.
func (s *Server) listImports(r *request) error {
	var l transfer.Listing
	var cursor string
	err := r.query(parameter{"object", &l.Object}, parameter{"key", &l.Key}, parameter{"sha256", &l.SHA256}, parameter{"limit", &l.Limit}, parameter{"cursor", &cursor})
	if err != nil {
		return err
	}
	if l.Before, l.Limit, err = pageOf(cursor, l.Limit); err != nil {
		return err
	}
	found, err := s.o.Imports.List(r.ctx, r.tenant, r.caller, l)
	if err != nil {
		return err
	}
	answer := Page[Import]{Items: []Import{}}
	for _, im := range found {
		answer.Items = append(answer.Items, r.importAnswer(im))
	}
	if len(found) == l.Limit {
		next := found[len(found)-1].ID.String()
		answer.Next = &next
	}
	return r.json(fiber.StatusOK, answer)
}

// importOf finds the import in the path.
func (r *request) importOf() (*transfer.Import, error) {
	i, ok := id.Parse(r.http.Params("id"))
	if !ok {
		return nil, fault.New(fault.NotFound, "import.not_found")
	}
	return r.server.o.Imports.Get(r.ctx, r.tenant, r.caller, i)
}

// getImport is GET /imports/{id}.
func (s *Server) getImport(r *request) error {
	im, err := r.importOf()
	if err != nil {
		return err
	}
	return r.json(fiber.StatusOK, r.importAnswer(im))
}

// importErrors is GET /imports/{id}/errors: the refused rows as a CSV file.
func (s *Server) importErrors(r *request) error {
	var bom bool
	if err := r.query(parameter{"bom", &bom}); err != nil {
		return err
	}
	im, err := r.importOf()
	if err != nil {
		return err
	}
	if im.By != r.caller.User {
		return fault.New(fault.Forbidden, "import.refused_of_another") // their cells may be of what only they may read
	}
	language, t := r.language(), r.tenant
	return r.export("text/csv; charset=utf-8", "refused.csv", marked(bom, func(ctx context.Context, w io.Writer) error {
		out := csv.NewWriter(w)
		if err := s.o.Imports.Refused(ctx, t, im, language, out.Write); err != nil {
			return err
		}
		out.Flush()
		return out.Error()
	}))
}

// exportRecords is GET /exports/{object}.
func (s *Server) exportRecords(r *request) error {
	format := "csv"
	var q record.ListQuery
	var bom, labels bool
	err := r.query(parameter{"format", &format}, parameter{"bom", &bom}, parameter{"labels", &labels}, parameter{"filter", &q.Filter}, parameter{"q", &q.Q},
		parameter{"sort", &q.Sort}, parameter{"fields", &q.Fields})
	if err != nil {
		return err
	}
	object := r.object()
	language := ""
	if labels {
		language = r.language()
	}
	export, err := transfer.Open(r.ctx, r.records(), object, format, q, language)
	if err != nil {
		return err
	}
	return r.export(export.ContentType, object+"."+format, marked(bom && format == "csv", func(ctx context.Context, w io.Writer) error {
		_, err := export.Write(ctx, w)
		return err
	}))
}

// marked begins what write writes with a byte order mark, by which Excel knows UTF-8.
func marked(bom bool, write func(ctx context.Context, w io.Writer) error) func(ctx context.Context, w io.Writer) error {
	if !bom {
		return write
	}
	return func(ctx context.Context, w io.Writer) error {
		if _, err := io.WriteString(w, "\uFEFF"); err != nil {
			return err
		}
		return write(ctx, w)
	}
}

// export answers with what write writes, piece by piece, as a file to save. Fault
// "api.exports" (Limited) where too many are under way.
func (r *request) export(contentType, file string, write func(ctx context.Context, w io.Writer) error) error {
	leave, err := r.server.exports.enter(r.caller.Tenant, r.caller.User)
	if err != nil {
		return err
	}
	r.http.Set(fiber.HeaderContentType, contentType)
	r.http.Set(fiber.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": file}))
	if r.http.Method() == fiber.MethodHead {
		leave()
		return nil // a stream's last line end would be sent, and taken for the next answer
	}
	r.answerStream(-1, slowly, func(ctx context.Context, w io.Writer) error {
		defer leave()
		return write(store.Slowly(ctx), w)
	})
	return nil
}

// answerStream answers with what write writes, size bytes or, if that is -1, until it returns.
// What goes wrong after the first piece can only be shown by breaking off: the client sees
// a body that is not complete, and the log says why.
func (r *request) answerStream(size int, within time.Duration, write func(ctx context.Context, w io.Writer) error) {
	s, request, path, connection := r.server, r.id, strings.Clone(r.http.Path()), r.http.Context().Conn()
	from, to := io.Pipe()
	go func() {
		ctx, stop := context.WithTimeout(context.Background(), within)
		defer stop()
		err := piecewise(ctx, &leaving{to, connection, newPace(time.Now().Add(within))}, write)
		if err != nil && !errors.Is(err, io.ErrClosedPipe) { // the client is gone
			s.o.Log.Error("an answer broke off", "request", request, "path", path, "error", err)
		}
		to.CloseWithError(err)
	}()
	r.http.Context().SetBodyStream(from, size)
}

// piecewise writes in pieces of 32 KiB. A panic becomes an error: here nobody else
// would catch it.
func piecewise(ctx context.Context, w io.Writer, write func(ctx context.Context, w io.Writer) error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("writing an answer panicked: %v\n%s", v, debug.Stack())
		}
	}()
	out := bufio.NewWriterSize(w, 32<<10)
	if err := write(ctx, out); err != nil {
		return err
	}
	return out.Flush()
}
