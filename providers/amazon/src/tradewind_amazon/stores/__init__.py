"""Where Tradewind itself keeps large XComs and logs at Amazon Web Services."""
