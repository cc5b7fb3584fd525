package e2e

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// uploadSize is how large the file is that is uploaded: FORMWORK_SOAK_FILE, in bytes.
func uploadSize(t *testing.T) int64 {
	if text := os.Getenv("FORMWORK_SOAK_FILE"); text != "" {
		size, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			t.Fatalf("FORMWORK_SOAK_FILE: %v", err)
		}
		return size
	}
	return 192 << 20
}

// A large upload goes on after kills of the server and of the client, what comes back is
// what was sent, and the server's memory does not grow by it.
func TestLargeUpload(t *testing.T) {
	if testing.Short() {
		t.Skip("a large file takes its time")
	}
	s, size := newServer(t), uploadSize(t)
	admin := s.admin(t, "main")
	started := admin.do(t, "POST", "/files?name=large.bin&sha256="+sumOf(t, size), nil, "Upload-Length", strconv.FormatInt(size, 10), "Tus-Resumable", "1.0.0")
	if started.status != http.StatusCreated {
		t.Fatal(started)
	}
	at := started.header.Get("Location")
	r := rand.New(rand.NewPCG(3, 4))
	memory := watchMemory(t, s)
	for cut := 0; ; cut++ {
		head := admin.do(t, "HEAD", at, nil, "Tus-Resumable", "1.0.0")
		offset, err := strconv.ParseInt(head.header.Get("Upload-Offset"), 10, 64)
		if err != nil || head.status != http.StatusOK {
			t.Fatalf("after %d cuts: %v %v", cut, head, err)
		}
		t.Logf("goes on at %d of %d MiB", offset>>20, size>>20)
		if offset == size {
			break
		}
		until := size
		if cut < 6 {
			until = min(size, offset+r.Int64N(size/3)+1)
		}
		sent := admin.patchUntil(at, offset, size, until, func() {
			if cut%2 == 0 {
				s.kill()
			}
		})
		if until < size && sent == nil {
			t.Fatal("an upload that was cut succeeded")
		}
		if s.process == nil {
			s.start(t)
			memory.stop()
			memory = watchMemory(t, s)
		} else if until == size && sent != nil && cut > 50 {
			t.Fatal(sent) // before, the server may not have noticed yet that it was cut off, and refuse
		}
	}
	response, err := admin.download(at)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	sum := sha256.New()
	if n, err := io.Copy(sum, response.Body); err != nil || n != size || response.Header.Get("ETag") != `"`+hex.EncodeToString(sum.Sum(nil))+`"` {
		t.Fatalf("%d of %d bytes came back, %v", n, size, err)
	}
	grown := memory.stop()
	t.Logf("memory of the server grew by %d MiB at most", grown>>20)
	if runtime.GOOS == "linux" && grown > 96<<20 {
		t.Errorf("the memory of the server grew by %d bytes", grown)
	}
}

// contentsFrom are the contents of the file, from an offset on that is a multiple of 8 or not.
func contentsFrom(offset int64) io.Reader {
	return &pattern{at: uint64(offset)}
}

// pattern is contents of which every byte follows from its place.
type pattern struct{ at uint64 }

func (p *pattern) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte((p.at * 2654435761) >> 13)
		p.at++
	}
	return len(b), nil
}

func sumOf(t *testing.T, size int64) string {
	t.Helper()
	sum := sha256.New()
	if _, err := io.Copy(sum, io.LimitReader(contentsFrom(0), size)); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

var errCut = errors.New("cut")

// patchUntil goes on with an upload from an offset, and breaks off at another after it
// has done something.
func (c *client) patchUntil(at string, offset, size, until int64, cut func()) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	body := io.LimitReader(contentsFrom(offset), until-offset)
	if until < size {
		body = io.MultiReader(body, doing(cut), failing{})
	}
	request, err := http.NewRequestWithContext(ctx, "PATCH", c.server.base+at, body)
	if err != nil {
		return err
	}
	request.ContentLength = size - offset
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Content-Type", "application/offset+octet-stream")
	request.Header.Set("Upload-Offset", strconv.FormatInt(offset, 10))
	request.Header.Set("Tus-Resumable", "1.0.0")
	response, err := (&http.Client{}).Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusNoContent {
		raw, _ := io.ReadAll(response.Body)
		return fmt.Errorf("%d %s", response.StatusCode, raw)
	}
	return nil
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errCut }

type doing func()

func (d doing) Read([]byte) (int, error) {
	d()
	return 0, io.EOF
}

func (c *client) download(at string) (*http.Response, error) {
	request, err := http.NewRequest("GET", c.server.base+at, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	return (&http.Client{}).Do(request)
}

// memory watches how much memory of its own a process has.
type memory struct {
	first, most atomic.Int64
	end, ended  chan struct{}
}

// watchMemory begins now.
func watchMemory(t *testing.T, s *server) *memory {
	t.Helper()
	m := &memory{end: make(chan struct{}), ended: make(chan struct{})}
	status := fmt.Sprintf("/proc/%d/status", s.process.Process.Pid)
	m.first.Store(anonymous(status))
	go func() {
		defer close(m.ended)
		for {
			if now := anonymous(status); now > m.most.Load() {
				m.most.Store(now)
			}
			select {
			case <-m.end:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return m
}

// stop returns by how many bytes the memory grew at most.
func (m *memory) stop() int64 {
	close(m.end)
	<-m.ended
	return m.most.Load() - m.first.Load()
}

// anonymous is the memory of a process that is no file's, in bytes; 0 where it can't be
// read.
func anonymous(status string) int64 {
	file, err := os.Open(status)
	if err != nil {
		return 0
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "RssAnon:"); ok {
			kib, _ := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			return kib << 10
		}
	}
	return 0
}
