package api

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/fault"
	"formwork/engine/file"
	"formwork/engine/id"
)

// Uploads speak the core of tus 1.0 (https://tus.io/protocols/resumable-upload), with
// creation, creation-with-upload and termination.
const (
	tusVersion    = "1.0.0"
	tusExtensions = "creation,creation-with-upload,termination"
	tusContents   = "application/offset+octet-stream"

	headerTus      = "Tus-Resumable"
	headerLength   = "Upload-Length"
	headerOffset   = "Upload-Offset"
	headerMetadata = "Upload-Metadata"
)

// Attachment names uploads that are to be attached to a record.
type Attachment struct {
	Files []string `json:"files"` // ids of complete uploads of one's own
}

// FileInfo is what is known of a file.
type FileInfo struct {
	ID       string `json:"id" schema:"ID"`
	Name     string `json:"name"`
	Size     int64  `json:"size"`
	Received int64  `json:"received"` // bytes that are there
	Complete bool   `json:"complete"`
	Type     string `json:"type,omitempty"` // of the contents
	SHA256   string `json:"sha256,omitempty"`
	Width    int64  `json:"width,omitempty"` // of a picture with thumbnails
	Height   int64  `json:"height,omitempty"`
	By       string `json:"by,omitempty"` // who uploaded it
}

func fileAnswer(f *file.File) FileInfo {
	return FileInfo{ID: f.ID.String(), Name: f.Name, Size: f.Size, Received: f.Received, Complete: f.Complete, Type: f.Type, SHA256: f.SHA256,
		Width: f.Width, Height: f.Height, By: f.By.String()}
}

// files is the caller's session on files.
func (r *request) files() *file.Session { return r.server.o.Files.As(r.tenant, r.snapshot, r.caller) }

// fileID is the id in the path. What is no id is no file either.
func (r *request) fileID(name string) (id.ID, error) {
	i, ok := id.Parse(r.http.Params(name))
	if !ok {
		return 0, fault.New(fault.NotFound, "file.not_found")
	}
	return i, nil
}

// tus refuses clients of another version of tus; those of none are welcome.
func (r *request) tus() error {
	r.http.Set(headerTus, tusVersion)
	if version := r.http.Get(headerTus); version != "" && version != tusVersion {
		r.http.Set("Tus-Version", tusVersion)
		return fault.New(fault.Stale, "file.tus", "want", tusVersion)
	}
	return nil
}

// uploads is OPTIONS /files: what a client may ask of uploads.
func (s *Server) uploads(r *request) error {
	r.http.Set(headerTus, tusVersion)
	r.http.Set("Tus-Version", tusVersion)
	r.http.Set("Tus-Extension", tusExtensions)
	r.http.Set("Tus-Max-Size", strconv.FormatInt(s.o.Files.Limits().File, 10))
	return r.done()
}

// startUpload is POST /files. With Upload-Length it begins an upload, of which the body
// may be the beginning; without, the body is all of the file.
func (s *Server) startUpload(r *request) error {
	if err := r.tus(); err != nil {
		return err
	}
	u, resumable, err := r.upload()
	if err != nil {
		return err
	}
	files := r.files()
	f, err := files.Start(r.ctx, u)
	if err != nil {
		return err
	}
	if !f.Complete && r.http.Request().Header.ContentLength() != 0 {
		appended, err := files.Append(r.ctx, f.ID, 0, r.arriving())
		if err != nil && !resumable {
			_ = files.Delete(context.WithoutCancel(r.ctx), f.ID) // else it goes in a day
		}
		if err != nil {
			return err
		}
		f = appended
	}
	r.http.Set(fiber.HeaderLocation, Prefix+"/files/"+f.ID.String())
	r.http.Set(headerOffset, strconv.FormatInt(f.Received, 10))
	return r.json(fiber.StatusCreated, fileAnswer(f))
}

// upload reads what is announced, from headers of tus and from query parameters.
func (r *request) upload() (u file.Upload, resumable bool, err error) {
	if err := r.query(parameter{"name", &u.Name}, parameter{"type", &u.Type}, parameter{"sha256", &u.SHA256}); err != nil {
		return u, false, err
	}
	if err := announced(strings.Clone(r.http.Get(headerMetadata)), &u); err != nil {
		return u, false, err
	}
	u.Size = int64(r.http.Request().Header.ContentLength())
	if given := r.http.Get(headerLength); given != "" {
		resumable = true
		if u.Size, err = strconv.ParseInt(given, 10, 64); err != nil || u.Size < 0 {
			return u, true, fault.New(fault.Malformed, "api.bad_header", "name", headerLength, "want", "0, 1, 2 …")
		}
	}
	if u.Size < 0 {
		return u, false, fault.New(fault.Malformed, "file.length")
	}
	return u, resumable, nil
}

// announced reads Upload-Metadata: pairs of a key and a value in base64.
func announced(metadata string, u *file.Upload) error {
	if metadata == "" {
		return nil
	}
	into := map[string]*string{"filename": &u.Name, "name": &u.Name, "filetype": &u.Type, "type": &u.Type, "sha256": &u.SHA256}
	for pair := range strings.SplitSeq(metadata, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(pair), " ")
		raw, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			return fault.New(fault.Malformed, "api.bad_header", "name", headerMetadata, "want", "filename d29ybGQucGRm, …")
		}
		if target, ok := into[key]; ok {
			*target = string(raw)
		}
	}
	return nil
}

// appendUpload is PATCH /files/{id}.
func (s *Server) appendUpload(r *request) error {
	if err := r.tus(); err != nil {
		return err
	}
	key, err := r.fileID("id")
	if err != nil {
		return err
	}
	if kind, _, _ := mime.ParseMediaType(r.http.Get(fiber.HeaderContentType)); kind != tusContents {
		return fault.New(fault.Malformed, "api.media_type", "want", tusContents)
	}
	offset, err := strconv.ParseInt(r.http.Get(headerOffset), 10, 64)
	if err != nil || offset < 0 {
		return fault.New(fault.Malformed, "api.bad_header", "name", headerOffset, "want", "0, 1, 2 …")
	}
	f, err := r.files().Append(r.ctx, key, offset, r.arriving())
	if f != nil {
		r.http.Set(headerOffset, strconv.FormatInt(f.Received, 10))
	}
	if err != nil {
		return err
	}
	return r.done()
}

// deleteFile is DELETE /files/{id}: of an upload that no record has.
func (s *Server) deleteFile(r *request) error {
	if err := r.tus(); err != nil {
		return err
	}
	key, err := r.fileID("id")
	if err != nil {
		return err
	}
	if err := r.files().Delete(r.ctx, key); err != nil {
		return err
	}
	return r.done()
}

// fileOf finds the file in the path.
func (r *request) fileOf() (*file.File, error) {
	key, err := r.fileID("id")
	if err != nil {
		return nil, err
	}
	return r.files().Get(r.ctx, key)
}

// fileInfo is GET /files/{id}/info.
func (s *Server) fileInfo(r *request) error {
	f, err := r.fileOf()
	if err != nil {
		return err
	}
	return r.json(fiber.StatusOK, fileAnswer(f))
}

// download is GET /files/{id}; HEAD is how clients of tus ask how far an upload came.
func (s *Server) download(r *request) error {
	f, err := r.fileOf()
	if err != nil {
		return err
	}
	if r.http.Method() == fiber.MethodHead {
		if err := r.tus(); err != nil {
			return err
		}
		r.http.Set(headerOffset, strconv.FormatInt(f.Received, 10))
		r.http.Set(headerLength, strconv.FormatInt(f.Size, 10))
		if !f.Complete {
			return nil
		}
	}
	contents, err := r.files().Open(r.ctx, f)
	if err != nil {
		return err
	}
	return r.contents(contents, f.Name, f.Type, `"`+f.SHA256+`"`)
}

// thumbnail is GET /files/{id}/thumbnail.
func (s *Server) thumbnail(r *request) error {
	size := 320
	if err := r.query(parameter{"size", &size}); err != nil {
		return err
	}
	f, err := r.fileOf()
	if err != nil {
		return err
	}
	small, err := r.files().Thumbnail(r.ctx, f, size)
	if err != nil {
		return err
	}
	kind, err := small.KindOf(r.ctx)
	if err != nil {
		return err
	}
	return r.contents(small, f.Name, kind, fmt.Sprintf(`"%s-%d"`, f.SHA256, size))
}

// sandboxed is the policy under which a browser shows what somebody uploaded: it runs
// nothing, loads nothing and belongs to no site.
const sandboxed = "default-src 'none'; sandbox; frame-ancestors 'none'"

// unpath takes out of a file's name what a careless program would take for a folder.
var unpath = strings.NewReplacer("/", "_", "\\", "_")

// contents answers with what somebody uploaded, or a range of it. Nothing of it ever runs
// in a browser: its type is one that was found in it, and only pictures are shown.
func (r *request) contents(c *file.Contents, name, kind, tag string) error {
	disposition := "attachment"
	if file.Shown(kind) {
		disposition = "inline"
	}
	if strings.HasPrefix(kind, "text/") {
		kind += "; charset=utf-8"
	}
	r.http.Set(fiber.HeaderContentDisposition, mime.FormatMediaType(disposition, map[string]string{"filename": unpath.Replace(name)}))
	r.http.Set(fiber.HeaderContentType, kind)
	r.http.Set(fiber.HeaderContentSecurityPolicy, sandboxed)
	r.http.Set("Cross-Origin-Resource-Policy", "same-origin")
	r.http.Set(fiber.HeaderAcceptRanges, "bytes")
	r.http.Set(fiber.HeaderETag, tag)
	r.http.Set(fiber.HeaderCacheControl, "private, no-cache") // rights may change: it is asked for each time
	if known := r.http.Get(fiber.HeaderIfNoneMatch); known != "" && (known == "*" || strings.Contains(known, tag)) {
		r.http.Status(fiber.StatusNotModified)
		return nil
	}
	offset, length := int64(0), c.Size
	asked := r.http.Get(fiber.HeaderRange)
	if only := r.http.Get(fiber.HeaderIfRange); asked != "" && (only == "" || only == tag) {
		first, last, ok, err := byteRange(asked, c.Size)
		if err != nil {
			r.http.Set(fiber.HeaderContentRange, fmt.Sprintf("bytes */%d", c.Size))
			return err
		}
		if ok {
			offset, length = first, last-first+1
			r.http.Status(fiber.StatusPartialContent)
			r.http.Set(fiber.HeaderContentRange, fmt.Sprintf("bytes %d-%d/%d", first, last, c.Size))
		}
	}
	if r.http.Method() == fiber.MethodHead {
		r.http.Response().SkipBody = true
		r.http.Response().Header.SetContentLength(int(length))
		return nil
	}
	r.answerStream(int(length), patiently, func(ctx context.Context, w io.Writer) error {
		from := c.Range(ctx, offset, length)
		defer from.Close()
		_, err := io.Copy(w, from)
		return err
	})
	return nil
}

// byteRange reads a Range header. ok is false of what is to be ignored: another unit, several
// ranges, what can't be read. Fault "api.range" if nothing lies within.
func byteRange(header string, size int64) (first, last int64, ok bool, err error) {
	ranges, isBytes := strings.CutPrefix(header, "bytes=")
	from, to, isRange := strings.Cut(strings.TrimSpace(ranges), "-")
	if !isBytes || !isRange || strings.Contains(ranges, ",") {
		return 0, 0, false, nil
	}
	last = size - 1
	if from == "" { // the last bytes
		n, err := strconv.ParseInt(to, 10, 64)
		if err != nil || n < 0 {
			return 0, 0, false, nil
		}
		first = max(0, size-n)
	} else {
		if first, err = strconv.ParseInt(from, 10, 64); err != nil || first < 0 {
			return 0, 0, false, nil
		}
		if to != "" {
			end, err := strconv.ParseInt(to, 10, 64)
			if err != nil || end < first {
				return 0, 0, false, nil
			}
			last = min(last, end)
		}
	}
	if first > last {
		return 0, 0, false, fault.New(fault.Malformed, "api.range", "size", size)
	}
	return first, last, true, nil
}

// recordFiles is GET /records/{object}/{id}/files.
func (s *Server) recordFiles(r *request) error {
	key, err := r.recordID()
	if err != nil {
		return err
	}
	attached, err := r.files().Attached(r.ctx, r.object(), key)
	if err != nil {
		return err
	}
	return r.fileList(attached)
}

func (r *request) fileList(files []*file.File) error {
	items := make([]FileInfo, len(files))
	for i, f := range files {
		items[i] = fileAnswer(f)
	}
	return r.json(fiber.StatusOK, List[FileInfo]{items})
}

// attachFiles is POST /records/{object}/{id}/files.
func (s *Server) attachFiles(r *request) error {
	key, err := r.recordID()
	if err != nil {
		return err
	}
	var body Attachment
	if err := r.decode(smallBody, &body, false); err != nil {
		return err
	}
	uploads := make([]id.ID, len(body.Files))
	for i, text := range body.Files {
		upload, ok := id.Parse(text)
		if !ok {
			return fault.New(fault.Invalid, "file.not_yours", "id", clip(text)).At("/files/" + strconv.Itoa(i))
		}
		uploads[i] = upload
	}
	attached, err := r.files().Attach(r.ctx, r.object(), key, uploads)
	if err != nil {
		return err
	}
	return r.fileList(attached)
}

// detachFile is DELETE /records/{object}/{id}/files/{file}.
func (s *Server) detachFile(r *request) error {
	key, err := r.recordID()
	if err != nil {
		return err
	}
	attached, err := r.fileID("file")
	if err != nil {
		return err
	}
	if err := r.files().Detach(r.ctx, r.object(), key, attached); err != nil {
		return err
	}
	return r.done()
}
