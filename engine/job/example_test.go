package job_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/store"
	"formwork/engine/store/sqlite"
)

// A room declares what kinds of jobs it does, and enqueues them in the transaction that
// makes them necessary.
func ExampleRunner() {
	ctx, stop := context.WithCancel(context.Background())
	files, _ := os.MkdirTemp("", "example")
	defer os.RemoveAll(files)
	s, _ := sqlite.Open(files, sqlite.Options{})
	defer s.Close()
	acme, _ := s.Create(ctx, "acme")
	if err := acme.Define(ctx, job.Tables()...); err != nil {
		panic(err)
	}

	r := job.NewRunner(job.Options{Tenant: s.Tenant, Now: time.Now, Holder: "example"})
	r.Register(job.Kind{Name: "greet", Limit: 2, Handle: func(ctx context.Context, t store.Tenant, p *job.Progress) error {
		var name string
		if err := p.Decode(&name); err != nil {
			return err
		}
		fmt.Println("Hello", name, "of", t.Name())
		if name == "Grace" {
			stop()
		}
		return nil
	}})

	ids := id.NewSource(time.Now, func() uint32 { return 0 })
	err := acme.Write(ctx, func(tx store.Tx) error {
		for _, name := range []string{"Ada", "Grace"} {
			if _, err := job.Enqueue(ctx, tx, ids, time.Now(), job.New{Kind: "greet", Args: name, Lane: "greetings"}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		panic(err)
	}
	r.Wake("acme")
	r.Run(ctx)
	// Output:
	// Hello Ada of acme
	// Hello Grace of acme
}
