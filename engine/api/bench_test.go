package api_test

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"formwork/engine/api"
	"formwork/engine/enginetest"
	"formwork/engine/policy"
)

// BenchmarkRead reads one record again and again over a few connections.
func BenchmarkRead(b *testing.B) {
	p := enginetest.New(b, enginetest.Options{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	tenant := p.NewTenant("main")
	tenant.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	token, caller, err := p.Auth.Login(context.Background(), tenant.Tenant, "admin@example.com", enginetest.Password)
	if err != nil {
		b.Fatal(err)
	}
	snapshot, err := p.Catalog.Snapshot(context.Background(), tenant.Tenant)
	if err != nil {
		b.Fatal(err)
	}
	saved, err := p.Records.As(tenant.Tenant, snapshot, (*policy.Caller)(caller)).Create(context.Background(), "account", map[string]any{"name": "Acme"})
	if err != nil {
		b.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := api.New(api.Options{Store: p.Store, Catalog: p.Catalog, Records: p.Records, Auth: p.Auth, Files: p.Files, Now: p.Now, Tenant: "main"})
	go server.Serve(listener) //nolint:errcheck // it ends with the process
	address := "http://" + listener.Addr().String() + api.Prefix + "/records/account/" + saved.Record.ID().String()
	client := fasthttp.Client{MaxConnsPerHost: 16}
	b.SetParallelism(4)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
		request.SetRequestURI(address)
		request.Header.Set("Authorization", "Bearer "+token)
		for pb.Next() {
			if err := client.Do(request, response); err != nil || response.StatusCode() != fasthttp.StatusOK {
				b.Error(response.StatusCode(), err)
				return
			}
		}
	})
}
