package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"formwork/engine/demo"
)

// Serve fills a server and keeps serving until the context ends, for load from
// outside: it writes target.json (addresses, tokens and bodies with places to fill),
// ids.txt (records of the user who measures), admin.json (to change the
// configuration) and server.pid into a folder, and keeps the data there. Started on a
// folder that was filled before, it serves that again.
func Serve(ctx context.Context, o Options, dir, listen string) (err error) {
	b := &bench{Options: o, dir: dir}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	secret := filepath.Join(dir, "password")
	old, err := os.ReadFile(secret)
	again := err == nil
	switch {
	case again:
		b.password = string(old)
	case errors.Is(err, os.ErrNotExist):
		b.password = fmt.Sprintf("Bench-%016x", rand.Uint64())
		if err := b.in(ctx, b.storage(), func(h House) error { return h.CreateTenant(ctx, served, admin, b.password) }); err != nil {
			return err
		}
	default:
		return fmt.Errorf("reading the password: %w", err)
	}
	return b.withServer(ctx, listen, func(s *server) error {
		if !again {
			filled, err := b.fill(ctx, s)
			if err != nil {
				return err
			}
			fmt.Fprintf(o.Out, "bulk load: %d rows, %.0f rows a second, %d a request, 1 connection\n", o.Rows, filled.PerSec, demo.Batch)
			if err := b.writeTarget(ctx, s); err != nil {
				return err
			}
			if err := os.WriteFile(secret, []byte(b.password), 0o600); err != nil {
				return fmt.Errorf("keeping the password: %w", err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "server.pid"), []byte(strconv.Itoa(s.command.Process.Pid)), 0o600); err != nil {
			return fmt.Errorf("writing the process's number: %w", err)
		}
		fmt.Fprintf(o.Out, "serving %s for %s until interrupted; memory %.0f MiB\n", s.base, filepath.Join(dir, "target.json"), s.memory())
		<-ctx.Done()
		return nil
	})
}

// target is the form of target.json.
type target struct {
	Name      string              `json:"name"`
	Base      string              `json:"base"`
	IDs       string              `json:"ids_file"`
	Forbidden string              `json:"forbidden_path"`
	Headers   map[string]string   `json:"headers"`
	Ops       map[string]targetOp `json:"ops"`
}

type targetOp struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Body    string            `json:"body,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
}

func (b *bench) writeTarget(ctx context.Context, s *server) error {
	var others struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	if err := b.admin.call(ctx, "GET", "/records/"+b.Recipe.Object+"?limit=2&fields=id&sort=id", nil, &others); err != nil {
		return err
	}
	t := target{Name: "formwork", Base: s.base, IDs: "ids.txt", Headers: map[string]string{"Authorization": "Bearer " + b.user.token, "Content-Type": "application/json"},
		Ops: map[string]targetOp{}}
	for _, o := range others.Items {
		if o.ID != b.ids[0] {
			t.Forbidden = b.Recipe.address() + "/" + o.ID
		}
	}
	for name, o := range b.Recipe.operations() {
		op := targetOp{Method: o.method, Path: strings.ReplaceAll(o.path, "{{value}}", "{{status}}"), Body: o.body}
		if name == opAllGroups {
			op.Headers = map[string]string{"Authorization": "Bearer " + b.admin.token}
		}
		t.Ops[name] = op
	}
	raw, err := json.MarshalIndent(t, "", " ")
	if err != nil {
		return fmt.Errorf("writing the target: %w", err)
	}
	files := map[string][]byte{"target.json": raw, "ids.txt": []byte(strings.Join(b.ids, "\n") + "\n")}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(b.dir, name), content, 0o600); err != nil {
			return fmt.Errorf("writing the target: %w", err)
		}
	}
	return nil
}
