package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
)

// profile serves profiles of the process on an address of this machine, until close
// is called. It shows what the process does and holds, so no other machine may ask.
func profile(address string) (close func() error, err error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("reading --pprof: %w", err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("--pprof must be an address of this machine, such as 127.0.0.1:6060, not %q", address)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening for --pprof: %w", err)
	}
	pages := http.NewServeMux()
	pages.HandleFunc("/debug/pprof/", pprof.Index)
	pages.HandleFunc("/debug/pprof/profile", pprof.Profile)
	pages.HandleFunc("/debug/pprof/trace", pprof.Trace)
	server := &http.Server{Handler: pages}
	go server.Serve(listener) //nolint:errcheck // ends with Close
	return server.Close, nil
}
