module github.com/seed078e9d8c/maillab/internal/bench

go 1.26.8

replace github.com/seed078e9d8c/maillab => ../..

require (
	github.com/emersion/go-smtp v0.25.1
	github.com/foxcpp/go-mockdns v1.3.0
	github.com/miekg/dns v1.1.73
	github.com/mocktools/go-smtp-mock/v2 v2.5.4
	github.com/seed078e9d8c/maillab v0.0.0
)

require (
	github.com/emersion/go-sasl v0.0.0-20241020182733-b788ff22d5a6 // indirect
	github.com/pires/go-proxyproto v0.15.0 // indirect
	github.com/xdg-go/scram v1.4.0 // indirect
	github.com/xdg-go/stringprep v1.0.4 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)
