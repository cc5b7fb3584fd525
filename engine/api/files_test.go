package api_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// filesWorld is a server with an object that has files, and somebody who may use it.
func filesWorld(t *testing.T) (*world, map[string]string) {
	t.Helper()
	w := newWorld(t)
	w.Apply(`{"kind":"object","name":"thing","label":"Thing","name_field":"name","fields":{"name":{"type":"text"},"documents":{"type":"file"}}}`,
		`{"kind":"permission","name":"keeper","label":"Keeper","objects":{"thing":{"create":true,"read":true,"update":true,"delete":true,"fields":{"*":"edit"}}}}`)
	for _, name := range []string{"ann", "bob"} {
		w.User(name+"@example.com", map[string]any{"permissions": []any{"keeper"}})
	}
	return w, map[string]string{"Authorization": "Bearer " + w.login("main", "ann@example.com")}
}

// with adds headers.
func with(headers map[string]string, more ...string) map[string]string {
	all := map[string]string{}
	for name, value := range headers {
		all[name] = value
	}
	for i := 0; i < len(more); i += 2 {
		all[more[i]] = more[i+1]
	}
	return all
}

// upload uploads a file in one request and returns its id.
func (w *world) upload(headers map[string]string, query, contents string) string {
	w.t.Helper()
	status, header, body := w.do("POST", "/api/v1/files?"+query, with(headers, "Content-Type", "application/octet-stream"), contents)
	if status != http.StatusCreated {
		w.t.Fatalf("upload: %d %s", status, body)
	}
	var f struct {
		ID       string
		Complete bool
	}
	if err := json.Unmarshal(body, &f); err != nil || !f.Complete || header.Get("Location") != "/api/v1/files/"+f.ID {
		w.t.Fatalf("%s, at %s: %v", body, header.Get("Location"), err)
	}
	return f.ID
}

func smallPicture() string {
	var out bytes.Buffer
	_ = png.Encode(&out, image.NewNRGBA(image.Rect(0, 0, 40, 20)))
	return out.String()
}

// Nothing that somebody uploads ever runs in a browser, whatever it is called and is.
func TestUploadsDoNotRun(t *testing.T) {
	w, ann := filesWorld(t)
	const script = "<script>alert(document.cookie)</script>"
	for _, c := range []struct{ name, claimed, contents, kind, disposition string }{
		{"a.html", "text/html", "<html>" + script, "application/octet-stream", "attachment"},
		{"a.svg", "image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg">` + script + `</svg>`, "application/octet-stream", "attachment"},
		{"a.js", "text/javascript", "alert(1)", "text/plain; charset=utf-8", "attachment"},
		{"a.png", "image/png", smallPicture(), "image/png", "inline"},
		{"both.html", "text/html", smallPicture() + script, "image/png", "inline"},
		{"both.gif", "image/gif", "GIF89a/*" + script, "image/gif", "inline"},
		{"a.pdf", "application/pdf", "%PDF-1.4 " + script, "application/pdf", "attachment"},
		{"a.swf", "application/x-shockwave-flash", "FWS\x01\x00", "application/octet-stream", "attachment"},
	} {
		key := w.upload(ann, "name="+c.name+"&type="+strings.ReplaceAll(c.claimed, "+", "%2B"), c.contents)
		status, header, body := w.do("GET", "/api/v1/files/"+key, ann, "")
		if status != http.StatusOK || string(body) != c.contents {
			t.Fatalf("%s: %d, %d bytes", c.name, status, len(body))
		}
		for name, want := range map[string]string{"Content-Type": c.kind, "X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin",
			"Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'", "Content-Disposition": c.disposition + "; filename=" + c.name,
			"ETag": `"` + hexSum(c.contents) + `"`, "Cache-Control": "private, no-cache"} {
			if got := header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", c.name, name, got, want)
			}
		}
	}
}

func hexSum(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// A name is told as it is, and does nothing to the answer.
func TestNamesOfFiles(t *testing.T) {
	w, ann := filesWorld(t)
	for name, want := range map[string]string{
		"../../etc/passwd":     `attachment; filename=.._.._etc_passwd`,
		`C:\autoexec.bat`:      `attachment; filename="C:_autoexec.bat"`,
		`a"; filename="b.html`: `attachment; filename="a\"; filename=\"b.html"`,
		"报告 100%.pdf":          "attachment; filename*=utf-8''%E6%8A%A5%E5%91%8A%20100%25.pdf",
		"; rm -rf":             `attachment; filename="; rm -rf"`,
	} {
		metadata := "filename " + base64.StdEncoding.EncodeToString([]byte(name))
		status, _, body := w.do("POST", "/api/v1/files", with(ann, "Upload-Metadata", metadata), "text")
		if status != http.StatusCreated {
			t.Fatalf("%q: %d %s", name, status, body)
		}
		var f struct{ ID, Name string }
		if err := json.Unmarshal(body, &f); err != nil || f.Name != name {
			t.Errorf("%q is called %q, %v", name, f.Name, err)
		}
		_, header, _ := w.do("GET", "/api/v1/files/"+f.ID, ann, "")
		if got := header.Get("Content-Disposition"); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
	for _, name := range []string{"a\r\nSet-Cookie: a=b", "a\x00", strings.Repeat("a", 256), " ", "\u202etxt.exe"} {
		metadata := "filename " + base64.StdEncoding.EncodeToString([]byte(name))
		status, _, body := w.do("POST", "/api/v1/files", with(ann, "Upload-Metadata", metadata), "text")
		if status != http.StatusUnprocessableEntity || !strings.Contains(string(body), "file.name") {
			t.Errorf("%q: %d %s", name, status, body)
		}
	}
}

func TestRanges(t *testing.T) {
	w, ann := filesWorld(t)
	key := w.upload(ann, "name=a.txt", "0123456789")
	tag := `"` + hexSum("0123456789") + `"`
	for _, c := range []struct {
		headers []string
		status  int
		body    string
		rng     string
	}{
		{nil, 200, "0123456789", ""},
		{[]string{"Range", "bytes=2-4"}, 206, "234", "bytes 2-4/10"},
		{[]string{"Range", "bytes=7-"}, 206, "789", "bytes 7-9/10"},
		{[]string{"Range", "bytes=-3"}, 206, "789", "bytes 7-9/10"},
		{[]string{"Range", "bytes=-30"}, 206, "0123456789", "bytes 0-9/10"},
		{[]string{"Range", "bytes=5-500"}, 206, "56789", "bytes 5-9/10"},
		{[]string{"Range", "bytes=0-0,5-6"}, 200, "0123456789", ""},
		{[]string{"Range", "bytes=5-2"}, 200, "0123456789", ""},
		{[]string{"Range", "lines=1-2"}, 200, "0123456789", ""},
		{[]string{"Range", "bytes=2-4", "If-Range", tag}, 206, "234", "bytes 2-4/10"},
		{[]string{"Range", "bytes=2-4", "If-Range", `"other"`}, 200, "0123456789", ""},
		{[]string{"If-None-Match", tag}, 304, "", ""},
		{[]string{"If-None-Match", `"other"`}, 200, "0123456789", ""},
	} {
		status, header, body := w.do("GET", "/api/v1/files/"+key, with(ann, c.headers...), "")
		if status != c.status || string(body) != c.body || header.Get("Content-Range") != c.rng {
			t.Errorf("%v: %d %q %q", c.headers, status, body, header.Get("Content-Range"))
		}
	}
	status, header, body := w.do("GET", "/api/v1/files/"+key, with(ann, "Range", "bytes=10-"), "")
	if status != http.StatusRequestedRangeNotSatisfiable || header.Get("Content-Range") != "bytes */10" || !strings.Contains(string(body), "api.range") {
		t.Errorf("behind the end: %d %s", status, body)
	}
	if status, header, _ := w.do("HEAD", "/api/v1/files/"+key, ann, ""); status != 200 || header.Get("Content-Length") != "10" || header.Get("Upload-Offset") != "10" {
		t.Errorf("HEAD: %d %v", status, header)
	}
	empty := w.upload(ann, "name=empty", "")
	if status, _, body := w.do("GET", "/api/v1/files/"+empty, ann, ""); status != 200 || len(body) != 0 {
		t.Errorf("an empty file: %d %q", status, body)
	}
}

// A client of tus begins, is cut off, asks and goes on.
func TestTus(t *testing.T) {
	w, ann := filesWorld(t)
	ann["Tus-Resumable"] = "1.0.0"
	first := strings.Repeat("hello ", 20_000) // less would not reach a handler before it has come
	have := strconv.Itoa(len(first))
	status, header, _ := w.do("OPTIONS", "/api/v1/files", nil, "")
	if status != http.StatusNoContent || header.Get("Tus-Version") != "1.0.0" || !strings.Contains(header.Get("Tus-Extension"), "creation") || header.Get("Tus-Max-Size") == "" {
		t.Errorf("OPTIONS: %d %v", status, header)
	}
	status, header, body := w.do("POST", "/api/v1/files", with(ann, "Upload-Length", strconv.Itoa(len(first)+5), "Upload-Metadata", "filename YS50eHQ=,filetype dGV4dC9wbGFpbg==,other"), "")
	at := header.Get("Location")
	if status != http.StatusCreated || at == "" || header.Get("Tus-Resumable") != "1.0.0" || header.Get("Upload-Offset") != "0" {
		t.Fatalf("creation: %d %s", status, body)
	}
	w.cutOff(at, ann, first) // announces more than it sends
	w.offsetBecomes(at, ann, have)
	send := with(ann, "Content-Type", "application/offset+octet-stream")
	status, header, body = w.do("PATCH", at, with(send, "Upload-Offset", "0"), "hello")
	if status != http.StatusConflict || header.Get("Upload-Offset") != have {
		t.Errorf("at a place it has: %d %s", status, body)
	}
	if status, _, body := w.do("GET", at, ann, ""); status != http.StatusConflict || !strings.Contains(string(body), "file.incomplete") {
		t.Errorf("reading half of it: %d %s", status, body)
	}
	if status, _, body := w.do("PATCH", at, with(send, "Upload-Offset", have, "Content-Type", "text/plain"), "world"); status != http.StatusUnsupportedMediaType {
		t.Errorf("another type: %d %s", status, body)
	}
	if status, _, body := w.do("PATCH", at, with(send, "Upload-Offset", have, "Tus-Resumable", "0.2"), "world"); status != http.StatusPreconditionFailed {
		t.Errorf("another version: %d %s", status, body)
	}
	if status, _, body := w.do("PATCH", at, with(send, "Upload-Offset", have), "world!"); status != http.StatusRequestEntityTooLarge {
		t.Errorf("more than announced: %d %s", status, body)
	}
	bob := map[string]string{"Authorization": "Bearer " + w.login("main", "bob@example.com")}
	for _, method := range []string{"GET", "HEAD", "PATCH", "DELETE"} {
		status, _, _ := w.do(method, at, with(bob, "Content-Type", "application/offset+octet-stream", "Upload-Offset", have), "")
		if status != http.StatusNotFound {
			t.Errorf("%s of somebody else's: %d", method, status)
		}
	}
	status, header, body = w.do("PATCH", at, with(send, "Upload-Offset", have), "world")
	if status != http.StatusNoContent || header.Get("Upload-Offset") != strconv.Itoa(len(first)+5) {
		t.Errorf("the end: %d %s", status, body)
	}
	if status, _, body := w.do("GET", at, ann, ""); status != 200 || string(body) != first+"world" {
		t.Errorf("reading: %d, %d bytes", status, len(body))
	}
	if status, _, _ := w.do("DELETE", at, ann, ""); status != http.StatusNoContent {
		t.Errorf("termination: %d", status)
	}
	if status, _, _ := w.do("HEAD", at, ann, ""); status != http.StatusNotFound {
		t.Errorf("after it: %d", status)
	}
	if status, _, body := w.do("POST", "/api/v1/files", with(ann, "Upload-Length", "-1"), ""); status != http.StatusBadRequest {
		t.Errorf("a length that is none: %d %s", status, body)
	}
	if status, _, body := w.do("POST", "/api/v1/files?name=a", with(ann, "Upload-Length", "99999999999999"), ""); status != http.StatusRequestEntityTooLarge {
		t.Errorf("too long: %d %s", status, body)
	}
	if status, _, _ := w.do("POST", "/api/v1/files?name=a", nil, "x"); status != http.StatusUnauthorized {
		t.Errorf("nobody uploads: %d", status)
	}
}

// cutOff sends the beginning of a PATCH and closes the connection.
func (w *world) cutOff(at string, headers map[string]string, contents string) {
	w.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(w.base, "http://"))
	if err != nil {
		w.t.Fatal(err)
	}
	fmt.Fprintf(c, "PATCH %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\nContent-Length: %d\r\n", at, len(contents)+5)
	for name, value := range headers {
		fmt.Fprintf(c, "%s: %s\r\n", name, value)
	}
	fmt.Fprintf(c, "\r\n%s", contents)
	if err := c.Close(); err != nil {
		w.t.Fatal(err)
	}
}

// offsetBecomes asks until the server has noticed that a client is gone.
func (w *world) offsetBecomes(at string, headers map[string]string, want string) {
	w.t.Helper()
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		status, header, _ := w.do("HEAD", at, headers, "")
		if got := header.Get("Upload-Offset"); status == 200 && got == want && header.Get("Cache-Control") == "no-store" {
			return
		} else if time.Since(began) > 20*time.Second {
			w.t.Fatalf("%d: the offset is %q, want %s", status, got, want)
		}
	}
}

// A record has files, in fields and besides, for those who may read it.
func TestFilesOfRecords(t *testing.T) {
	w, ann := filesWorld(t)
	bob := map[string]string{"Authorization": "Bearer " + w.login("main", "bob@example.com")}
	inField, beside := w.upload(ann, "name=a.txt", "in a field"), w.upload(ann, "name=b.png", smallPicture())
	status, _, body := w.do("POST", "/api/v1/records/thing", ann, `{"name":"T","documents":["`+inField+`"]}`)
	var thing struct {
		ID        string
		Documents []struct{ ID, Name, Type string }
	}
	if err := json.Unmarshal(body, &thing); err != nil || status != http.StatusCreated || len(thing.Documents) != 1 || thing.Documents[0].Name != "a.txt" {
		t.Fatalf("%d %s", status, body)
	}
	files := "/api/v1/records/thing/" + thing.ID + "/files"
	status, _, body = w.do("POST", files, ann, `{"files":["`+beside+`"]}`)
	if status != http.StatusOK || !strings.Contains(string(body), "b.png") {
		t.Errorf("attaching: %d %s", status, body)
	}
	for _, path := range []string{files, "/api/v1/files/" + inField, "/api/v1/files/" + beside, "/api/v1/files/" + beside + "/info", "/api/v1/files/" + beside + "/thumbnail?size=96"} {
		if status, _, body := w.do("GET", path, ann, ""); status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, body)
		}
		if status, _, body := w.do("GET", path, bob, ""); status != http.StatusNotFound {
			t.Errorf("%s of somebody else's record: %d %s", path, status, body)
		}
		if status, _, _ := w.do("GET", path, nil, ""); status != http.StatusUnauthorized {
			t.Errorf("%s for nobody: %d", path, status)
		}
	}
	status, _, body = w.do("POST", "/api/v1/records/thing", bob, `{"name":"B","documents":["`+inField+`"]}`)
	if status != http.StatusUnprocessableEntity || !strings.Contains(string(body), "file.not_yours") || !strings.Contains(string(body), "/documents") {
		t.Errorf("somebody else's file: %d %s", status, body)
	}
	if status, _, body := w.do("DELETE", "/api/v1/files/"+inField, ann, ""); status != http.StatusNotFound {
		t.Errorf("deleting what a record has: %d %s", status, body)
	}
	if status, _, body := w.do("DELETE", files+"/"+beside, bob, ""); status != http.StatusNotFound {
		t.Errorf("somebody else takes it off: %d %s", status, body)
	}
	if status, _, body := w.do("DELETE", files+"/"+beside, ann, ""); status != http.StatusNoContent {
		t.Errorf("taking it off: %d %s", status, body)
	}
	if status, _, _ := w.do("GET", "/api/v1/files/"+beside, ann, ""); status != http.StatusNotFound {
		t.Errorf("after it: %d", status)
	}
	for _, hostile := range []string{"..", "0", "%2e%2e%2f", strings.Repeat("z", 13), "0000000000000"} {
		if status, _, _ := w.do("GET", "/api/v1/files/"+hostile, ann, ""); status != http.StatusNotFound {
			t.Errorf("%q: %d", hostile, status)
		}
	}
}

// A large file flows through the server; its memory does not grow by it.
func TestLargeFilesFlow(t *testing.T) {
	w, ann := filesWorld(t)
	const size = 96 << 20
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	request, err := http.NewRequest("POST", w.base+"/api/v1/files?name=large", io.LimitReader(endless{}, size))
	if err != nil {
		t.Fatal(err)
	}
	request.ContentLength = size
	request.Header.Set("Authorization", ann["Authorization"])
	response, err := w.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	var f struct{ ID string }
	if err := json.NewDecoder(response.Body).Decode(&f); err != nil || response.StatusCode != http.StatusCreated {
		t.Fatalf("%d, %v", response.StatusCode, err)
	}
	response.Body.Close()
	request, err = http.NewRequest("GET", w.base+"/api/v1/files/"+f.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", ann["Authorization"])
	if response, err = w.http.Do(request); err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if n, err := io.Copy(io.Discard, response.Body); n != size || err != nil || response.ContentLength != size {
		t.Fatalf("%d bytes came, %v", n, err)
	}
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 48<<20 {
		t.Errorf("the heap grew by %d bytes for a file of %d", grown, size)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { clear(p); return len(p), nil }
