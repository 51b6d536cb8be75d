"""Where Tradewind itself keeps large XComs and logs in Google Cloud."""
