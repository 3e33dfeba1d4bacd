import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

public class Main {
    private static final int PORT = Integer.parseInt(setting("PORT", "5300"));
    private static final String DNS_UPSTREAM = setting("DNS_UPSTREAM", "127.0.0.1:53");

    /** Each question gets a thread of its own, so a slow one keeps no other waiting. */
    private static final ExecutorService threads = Executors.newCachedThreadPool();

    public static void main(String[] args) throws IOException {
        var udp = new DatagramSocket(new InetSocketAddress("127.0.0.1", PORT));
        var tcp = new ServerSocket(PORT, 128, InetAddress.getByName("127.0.0.1"));
        System.out.println("DNS forwarder to " + DNS_UPSTREAM + " on port " + PORT);
        threads.execute(() -> serveTcp(tcp));
        serveUdp(udp);
    }

    /** Returns the answer to a client's message. */
    private static byte[] respond(byte[] message) throws IOException {
        // Begin with asking the upstream over UDP. For now every question is answered with NOTIMP.
        byte[] answer = message.clone();
        ByteBuffer.wrap(answer).putShort(2, (short) 0x8184);
        return answer;
    }

    private static void serveUdp(DatagramSocket socket) {
        var buffer = new byte[65535];
        while (true) {
            try {
                var packet = new DatagramPacket(buffer, buffer.length);
                socket.receive(packet);
                if (packet.getLength() >= 12) {
                    // A copy, since the next message comes into the same buffer.
                    byte[] message = Arrays.copyOf(buffer, packet.getLength());
                    threads.execute(() -> answer(socket, message, packet.getSocketAddress()));
                }
            } catch (IOException e) {
                e.printStackTrace();
            }
        }
    }

    private static void answer(DatagramSocket socket, byte[] message, SocketAddress client) {
        try {
            byte[] answer = respond(message);
            socket.send(new DatagramPacket(answer, answer.length, client));
        } catch (IOException e) {
            e.printStackTrace();
        }
    }

    private static void serveTcp(ServerSocket socket) {
        while (true) {
            try {
                socket.accept().close();
            } catch (IOException e) {
                e.printStackTrace();
            }
        }
    }

    private static String setting(String name, String otherwise) {
        return System.getenv().getOrDefault(name, otherwise);
    }
}
