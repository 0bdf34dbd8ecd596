/** Sends requests as java.net.http sends them by default, each with an offer of HTTP/2, and prints status, version and body. */
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;

public class Client {
  public static void main(String[] args) throws Exception {
    send(HttpRequest.newBuilder(URI.create(args[0] + "/ready")).build());
    for (var body : args[1].split("\n")) {
      var request = HttpRequest.newBuilder(URI.create(args[0] + "/graphql")).header("content-type", "application/json");
      send(request.POST(BodyPublishers.ofString(body)).build());
    }
  }

  static void send(HttpRequest request) throws Exception {
    var response = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
    System.out.println(response.statusCode() + " " + response.version() + " " + response.body());
  }
}
