package main

import (
	"encoding/binary"
	"log"
	"net"
	"os"
)

var (
	port     = setting("PORT", "5300")
	upstream = setting("DNS_UPSTREAM", "127.0.0.1:53")
)

func main() {
	udp, err := net.ListenPacket("udp4", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	tcp, err := net.Listen("tcp4", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("DNS forwarder to %s on port %s", upstream, port)
	go serveTCP(tcp)
	serveUDP(udp)
}

// respond returns the answer to a client's message.
func respond(message []byte) []byte {
	// Begin with asking the upstream over UDP. For now every question is answered with NOTIMP.
	answer := append([]byte(nil), message...)
	binary.BigEndian.PutUint16(answer[2:], 0x8184)
	return answer
}

func serveUDP(socket net.PacketConn) {
	buffer := make([]byte, 65535)
	for {
		n, client, err := socket.ReadFrom(buffer)
		if err != nil {
			log.Print(err)
			continue
		}
		if n < 12 {
			continue
		}
		// A copy, since the next message comes into the same buffer.
		message := append([]byte(nil), buffer[:n]...)
		go func() {
			if _, err := socket.WriteTo(respond(message), client); err != nil {
				log.Print(err)
			}
		}()
	}
}

func serveTCP(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Print(err)
			continue
		}
		connection.Close()
	}
}

// setting returns an environment variable, or what holds if it is not set.
func setting(name, otherwise string) string {
	if value, ok := os.LookupEnv(name); ok {
		return value
	}
	return otherwise
}
