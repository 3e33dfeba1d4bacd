import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.util.concurrent.Executors;

public final class Main {
    /** How much of a body that is too long is read in order to throw it away. */
    private static final int DROP_AT_MOST = 1 << 20;

    public static void main(String[] args) throws IOException {
        // Or else the body of an answer would wait until the client has acknowledged the headers.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        // Seconds until a client that does not go on sending is given up.
        System.setProperty("sun.net.httpserver.maxReqTime", "60");

        var api = new Api();
        var port = Integer.parseInt(System.getenv().getOrDefault("PORT", "3000"));
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.createContext("/", exchange -> answer(api, exchange));
        // A thread for each request: a slow client takes nobody else's.
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
        // SIGTERM ends the virtual machine; all notes are in its memory, so there is nothing to save.
    }

    private static void answer(Api api, HttpExchange exchange) throws IOException {
        Reply reply;
        try {
            reply = api.answer(Request.from(exchange));
        } catch (Refusal refusal) {
            reply = Reply.refused(refusal);
        }
        send(exchange, reply);
    }

    private static void send(HttpExchange exchange, Reply reply) throws IOException {
        try (exchange) {
            var headers = exchange.getResponseHeaders();
            reply.headers().forEach(headers::set);
            if (reply.body() == null) {
                exchange.sendResponseHeaders(reply.status(), -1);
            } else if (exchange.getRequestMethod().equals("HEAD")) {
                headers.set("Content-Length", String.valueOf(reply.body().length));
                exchange.sendResponseHeaders(reply.status(), -1);
            } else {
                exchange.sendResponseHeaders(reply.status(), reply.body().length);
                exchange.getResponseBody().write(reply.body());
                exchange.getResponseBody().flush();
                dropTheRest(exchange.getRequestBody());
            }
        }
    }

    /**
     * Reads what is left of a body that was refused. Closing while the client is still sending would reset the
     * connection, and the answer could get lost on its way (RFC 9112, 9.6).
     */
    private static void dropTheRest(InputStream body) throws IOException {
        var buffer = new byte[8192];
        for (int dropped = 0, read; dropped < DROP_AT_MOST && (read = body.read(buffer)) >= 0; dropped += read) {}
    }
}
