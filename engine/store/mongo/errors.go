package mongo

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"regexp"

	driver "go.mongodb.org/mongo-driver/mongo"
	wire "go.mongodb.org/mongo-driver/x/mongo/driver"
	"go.mongodb.org/mongo-driver/x/mongo/driver/topology"

	"formwork/engine/fault"
	"formwork/engine/store"
)

// Codes of the server's errors.
const (
	codeInternalError      = 1
	codeUnauthorized       = 13
	codeWrongPassword      = 18
	codeNamespaceNotFound  = 26
	codeIndexNotFound      = 27
	codeCursorNotFound     = 43
	codeMaxTimeExpired     = 50
	codeNamespaceExists    = 48
	codeInvalidOptions     = 72
	codeTimeProof          = 204 // the signature of a time is not the cluster's
	codeRateLimiter        = 205 // a time is too far ahead
	codeKeyNotFound        = 211
	codeExceededMemory     = 146
	codeQueryPlanKilled    = 175 // its index is gone
	codeSnapshotTooOld     = 239
	codeSnapshotUnavail    = 246
	codeInterruptedAtStop  = 11600
	codeInterruptedByStep  = 11602
	codeNotWritablePrimary = 10107
	codeNotPrimaryNoSecOk  = 13435
	codePrimarySteppedDown = 189
	codeShutdownInProgress = 91
	codeTransactionTooBig  = 257
	codeTooBigForCache     = 388
	codeDocumentTooBig     = 10334
	codeUpdateTooBig       = 17419
	codeUpsertTooBig       = 17420
)

// Labels of the driver's and the server's errors.
const (
	labelTransient     = "TransientTransactionError"
	labelUnknownCommit = "UnknownTransactionCommitResult"
)

// failed says what was being done when err came, as a fault where it means that
// the server can't be reached or was given too much. nil and faults stay as they are; the chain and
// with it the labels that ask for another try are kept.
func failed(doing string, err error) error {
	var f *fault.Fault
	switch {
	case err == nil:
		return nil
	case errors.As(err, &f):
		return err
	case hasCode(err, codeMaxTimeExpired):
		return fmt.Errorf("mongo: %s: %w: %w", doing, context.DeadlineExceeded, err)
	case unreachable(err), hasCode(err, codeUnauthorized):
		return fault.New(fault.Unavailable, whyUnreachable(err)).Because(fmt.Errorf("%s: %w", doing, err))
	case errors.Is(err, wire.ErrDocumentTooLarge), hasCode(err, codeDocumentTooBig, codeUpdateTooBig, codeUpsertTooBig):
		return store.TooLarge().Because(fmt.Errorf("%s: %w", doing, err))
	case hasCode(err, codeTransactionTooBig, codeTooBigForCache):
		return fault.New(fault.TooLarge, "mongo.too_large").Because(fmt.Errorf("%s: %w", doing, err))
	}
	return fmt.Errorf("mongo: %s: %w", doing, err)
}

// grouped is failed for an aggregation: a server refuses groups that hold too many values.
func grouped(table string, err error) error {
	if hasCode(err, codeExceededMemory, codeDocumentTooBig) {
		return fault.New(fault.Limited, "query.too_complex").Because(fmt.Errorf("aggregating table %s: %w", table, err))
	}
	return failed("aggregating table "+table, err)
}

// whyUnreachable is the code of the fault for a server that does not work for us: what an
// operator has to mend differs with the cause.
func whyUnreachable(err error) string {
	for _, cause := range causes(err) {
		var verification *tls.CertificateVerificationError
		var authority x509.UnknownAuthorityError
		var host x509.HostnameError
		var certificate x509.CertificateInvalidError
		var reply wire.Error
		switch {
		case errors.As(cause, &verification), errors.As(cause, &authority), errors.As(cause, &host), errors.As(cause, &certificate):
			return "mongo.certificate"
		case errors.As(cause, &reply) && reply.Code == codeWrongPassword:
			return "mongo.login"
		case hasCode(cause, codeUnauthorized), errors.As(cause, &reply) && reply.Code == codeUnauthorized:
			return "mongo.not_allowed"
		}
	}
	return "mongo.unavailable"
}

// causes are an error and, where no server could be chosen, what each of them said.
func causes(err error) []error {
	all := []error{err}
	var selection topology.ServerSelectionError
	if errors.As(err, &selection) {
		for _, server := range selection.Desc.Servers {
			if server.LastError != nil {
				all = append(all, server.LastError)
			}
		}
	}
	return all
}

// unreachable holds for errors of the connection; not where the caller gave up.
func unreachable(err error) bool {
	if givenUp(err) {
		return false
	}
	var selection topology.ServerSelectionError
	var connection topology.ConnectionError
	return errors.As(err, &selection) || errors.As(err, &connection) ||
		errors.Is(err, topology.ErrServerSelectionTimeout) || errors.Is(err, driver.ErrClientDisconnected) ||
		driver.IsNetworkError(err) ||
		hasCode(err, codeNotWritablePrimary, codeNotPrimaryNoSecOk, codePrimarySteppedDown,
			codeShutdownInProgress, codeInterruptedAtStop, codeInterruptedByStep)
}

func hasCode(err error, codes ...int) bool {
	var server driver.ServerError
	if !errors.As(err, &server) {
		return false
	}
	for _, code := range codes {
		if server.HasErrorCode(code) {
			return true
		}
	}
	return false
}

func hasLabel(err error, label string) bool {
	var labelled driver.LabeledError
	return errors.As(err, &labelled) && labelled.HasErrorLabel(label)
}

// givenUp holds where the caller did not want to wait any longer.
func givenUp(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || hasCode(err, codeMaxTimeExpired)
}

// transient holds for errors of a transaction that did not happen and may be
// begun anew. The driver says so of a connection that a caller gave up, too.
func transient(err error) bool { return hasLabel(err, labelTransient) && !givenUp(err) }

// retryable holds for reads that failed because no snapshot could be had, or not for
// long enough, or because what they went by is gone.
func retryable(err error) bool {
	return hasCode(err, codeSnapshotUnavail, codeSnapshotTooOld, codeCursorNotFound, codeQueryPlanKilled)
}

// duplicateIndex finds the index in the message of a duplicate key, as MongoDB
// and as servers compatible with it write it.
var duplicateIndex = regexp.MustCompile(`index: (\S+) dup key|Index '([^']+)'`)

// refused turns a duplicate key into the fault of the contract.
func refused(doing string, err error) error {
	if !driver.IsDuplicateKeyError(err) {
		return failed(doing, err)
	}
	index := keyIndex
	if found := duplicateIndex.FindStringSubmatch(err.Error()); found != nil {
		index = found[1] + found[2]
	}
	if index == keyIndex {
		return fault.New(fault.Conflict, "store.duplicate_id").Because(err)
	}
	return notUnique(index, err)
}

func notUnique(index string, err error) error {
	return fault.New(fault.Conflict, "store.not_unique", "index", index).Because(err)
}

// isRefusal holds for the faults of refused.
func isRefusal(err error) bool {
	return fault.Is(err, "store.duplicate_id") || fault.Is(err, "store.not_unique")
}
